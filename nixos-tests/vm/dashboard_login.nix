# Nobody gets past the dashboard's login page without the token or the password.
{
  scenario = "dashboard_login";
  hive = "team";
}
