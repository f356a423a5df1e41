# Nobody gets past the dashboard's login page without the token or the password.
{
  scenario = "dashboard_login";

  nodes.machine = {
    services.hyperhive = {
      agents.alice = { };
      dashboard.passwordHashFile = "/etc/operator-password";
    };
    # The password is in the scenario; a real hash has no business in the store.
    environment.etc.operator-password.source = ../lib/operator-password;
  };
}
