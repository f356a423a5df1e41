# A hive that says something in every option.
{ pkgs, ... }:
{
  services.hyperhive = {
    enable = true;
    package = pkgs.hyperhive;
    operator.pronouns = "she/her";
    dashboard = {
      listenAddress = "0.0.0.0";
      port = 7443;
      hostNames = [
        "hive.example.org"
        "localhost"
      ];
      tls = {
        certificate = "/var/lib/acme/hive.example.org/fullchain.pem";
        key = "/var/lib/acme/hive.example.org/key.pem";
      };
      passwordHashFile = "/run/secrets/hive-password";
      openFirewall = true;
      plainRemote = false;
    };
    notifications.ntfy = {
      url = "https://ntfy.example.org/hive-5f0c1e";
      tokenFile = "/run/secrets/ntfy-token";
      delaySeconds = 300;
      kinds = [
        "question"
        "agent_failed"
      ];
      dashboardUrl = "https://hive.example.org:7443";
    };
    network = {
      subnet = "172.29.0.0/16";
      nameservers = [ "192.168.1.1" ];
      hostPorts = [
        4000
        5000
      ];
      privateDestinations = [
        "192.168.1.1"
        "192.168.7.0/24"
      ];
    };
    credentials = {
      alice-token = "/run/secrets/alice-token";
      carol-token = "/run/secrets/carol-token";
    };
    settings = {
      delivery.lease_seconds = 120;
      loop_breaker.duplicates = 3;
      retention.messages_days = 90;
    };

    manager = {
      model = "opus";
      systemPrompt = "You plan the work of the others.";
      bash.allow = [ ];
      autoStart = true;
    };

    agents = {
      alice = {
        role = "agent";
        model = "claude-opus-4-5";
        models = [
          "claude-opus-4-5"
          "haiku"
        ];
        systemPrompt = ''
          You look after the tests.
          Report failures to the manager.
        '';
        allowedRecipients = [
          "manager"
          "bob"
          "operator"
        ];
        bash.allow = [
          "git *"
          "nix build *"
        ];
        tools = [
          "Bash"
          "Read"
        ];
        mcpServers.orders = {
          command = "${pkgs.hello}/bin/hello";
          args = [
            "--db-path"
            "orders with a space.sqlite"
          ];
          env.LOG_LEVEL = "warn";
          allowedTools = [ "read_query" ];
        };
        notes.compactAboveBytes = 32768;
        context.compactAbovePercent = 60;
        silentMinutes = 20;
        budget = {
          usdCentsPerDay = 500;
          turnsPerDay = 200;
        };
        limits = {
          cpuPercent = 50;
          memoryMiB = 2048;
          diskMiB = 20480;
          tasks = 512;
          broker = {
            requestsPerSecond = 50;
            receivedKiBPerSecond = 1024;
            storedMiBPerHour = 64;
            rowsPerHour = 10000;
            framesPerSecond = 50;
            eventsMiBPerHour = 100;
          };
        };
        credentials.CLAUDE_CODE_OAUTH_TOKEN = "alice-token";
        packages = [ pkgs.jq ];
        claude = {
          package = pkgs.claude-code;
          env.ANTHROPIC_BASE_URL = "http://172.29.0.1:4000";
        };
        nix.enable = true;
        autoStart = false;
      };

      # Its policy stands in a module of its own, the file that a spawned agent would have as well.
      bob.config = ./full/bob.nix;

      carol.config = {
        hyperhive = {
          credentials.CLAUDE_CODE_OAUTH_TOKEN = "carol-token";
          settings.claude.env.DISABLE_PROMPT_CACHING = "1";
        };
      };
    };
  };
}
