# A server, but no topic.
{
  message = ''
    services.hyperhive.notifications.ntfy.url: "https://ntfy.example.org/" is not the address of a topic, such as
    "https://ntfy.example.org/hive".
  '';
  hive.services.hyperhive = {
    enable = true;
    notifications.ntfy.url = "https://ntfy.example.org/";
  };
}
