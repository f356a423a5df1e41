# A manager, an agent who is held to much, and one who is held to nothing more.
{
  services.hyperhive = {
    manager = {
      enable = true;
      # Says nothing about a manager, who may write to everyone.
      allowedRecipients = [ ];
    };

    agents = {
      alice = {
        allowedRecipients = [
          "bob"
          "operator"
        ];
        bash.allow = [
          "expr *"
          "touch allowed-*"
        ];
        # It has a second tool.
        mcpServers.stock = {
          command = "python3";
          args = [ "${../stock_server.py}" ];
          allowedTools = [ "count" ];
        };
      };
      bob = { };
    };

    dashboard.passwordHashFile = "/etc/operator-password";
  };

  # The password is in the scenario; a real hash has no business in the store.
  environment.etc.operator-password.source = ../operator-password;
}
