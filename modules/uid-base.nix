# First host uid of an agent's container; `uid_base` in `hyperhive/config/models.py` is the same function.
{ lib }:
name:
let
  first = 1879048192; # 0x70000000: systemd leaves 0x70000000 to 0x7FFDFFFF unassigned
  range = 65536;
  ranges = 3584;
  digest = builtins.hashString "sha256" name;
in
first + range * lib.mod (lib.fromHexString (builtins.substring 0 12 digest)) ranges
