# Nobody gets past the dashboard's login page without the token or the password.
{
  imports = [ ../lib/hive.nix ];

  scenario = "dashboard_login";
}
