# The whole of agent bob.
{ pkgs, ... }:
{
  hyperhive.allowedRecipients = [ "manager" "alice" ];
  hyperhive.packages = [ pkgs.hello ];
  environment.variables.EDITOR = "ed";
}
