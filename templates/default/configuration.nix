# The hive: a manager and two agents. Every option stands in `modules/OPTIONS.md` of hyperhive.
{
  services.hyperhive = {
    enable = true;

    # How the agents speak of you.
    operator.pronouns = "they/them";

    # The dashboard listens on http://127.0.0.1:7000, and `sudo hyperhive token` prints the link that logs you in. From
    # another machine: ssh -L 7000:127.0.0.1:7000 hive. To serve others, set `listenAddress`, `hostNames`, `tls` and
    # `openFirewall`.
    dashboard.port = 7000;

    # Secrets: a name, and a file outside the Nix store that root can read. An agent's container needs its files to start.
    # `claude setup-token` prints a token that is good for a year; give every agent one of its own:
    #   sudo install -D -m 0600 /dev/stdin /var/lib/secrets/claude-alice     (paste it, Enter, Ctrl-D)
    credentials = {
      claude-manager = "/var/lib/secrets/claude-manager";
      claude-alice = "/var/lib/secrets/claude-alice";
      claude-bob = "/var/lib/secrets/claude-bob";
    };

    manager = {
      model = "opus";
      systemPrompt = ''
        You coordinate alice and bob. Split what the operator asks for into small tasks, hand them out, and tell the
        operator when something is finished or stuck.
      '';
      # The manager writes to people, not to shells.
      bash.allow = [ ];
      credentials.CLAUDE_CODE_OAUTH_TOKEN = "claude-manager";
    };

    agents = {
      alice = {
        systemPrompt = "You write small, tested changes in the repository in your state directory.";
        # Without this line: anyone.
        allowedRecipients = [
          "manager"
          "bob"
          "operator"
        ];
        # Without this line: any command. Try a rule with `sudo hyperhive explain alice 'git log | head'`.
        bash.allow = [
          "git *"
          "ls *"
          "cargo build *"
          "cargo test *"
        ];
        # At this cap, in US cents a day, no new turn starts until tomorrow.
        budget.usdCentsPerDay = 1000;
        limits.memoryMiB = 2048;
        credentials.CLAUDE_CODE_OAUTH_TOKEN = "claude-alice";
        # Programs, and any other NixOS configuration of the agent's container.
        config =
          { pkgs, ... }:
          {
            hyperhive.packages = [
              pkgs.cargo
              pkgs.gcc
              pkgs.rustc
            ];
          };
      };

      # An agent can also stand in a file of its own, where its options begin with `hyperhive`.
      bob.config = ./agents/bob.nix;
    };
  };
}
