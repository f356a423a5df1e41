# An agent with little of the machine and programs to attack it with, and one that nothing of its own protects.
{ pkgs, ... }:
{
  services.hyperhive.agents = {
    alice = {
      # What attacks are written in.
      packages = [ pkgs.python3 ];
      # Less than the machine has, so that it is the limits that hold.
      limits = {
        # Of one processor, which is all that a test machine need have.
        cpuPercent = 80;
        memoryMiB = 1024;
        diskMiB = 256;
        tasks = 256;
      };
    };
    # Nothing of its own in the way: what holds are the host's rules.
    bob.config.networking.firewall.enable = false;
  };
}
