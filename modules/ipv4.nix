# IPv4 addresses and networks as text and as numbers.
{ lib }:
let
  octet = "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
  pattern = "${octet}\\.${octet}\\.${octet}\\.${octet}(/(0|[1-9]|[12][0-9]|3[0-2]))?";

  power = exponent: if exponent == 0 then 1 else 2 * power (exponent - 1);
in
rec {
  # "10.0.0.0/8" -> { first = <number>; prefixLength = 8; size = <number of addresses>; }, "10.0.0.1" is a /32;
  # null for anything else. `first` is the address as written, which need not be the network's first one.
  parse =
    text:
    let
      parts = builtins.match pattern text;
      prefixLength = if lib.elemAt parts 5 == null then 32 else lib.toInt (lib.elemAt parts 5);
    in
    if parts == null then
      null
    else
      {
        inherit prefixLength;
        first = lib.foldl' (sum: part: sum * 256 + lib.toInt part) 0 (lib.take 4 parts);
        size = power (32 - prefixLength);
      };

  format =
    number:
    lib.concatMapStringsSep "." (shift: toString (lib.mod (number / shift) 256)) [
      16777216
      65536
      256
      1
    ];

  # Whether nothing is set below the prefix.
  isNetwork = text: parse text != null && lib.mod (parse text).first (parse text).size == 0;

  isAddress = text: parse text != null && !lib.hasInfix "/" text;

  # Whether `inner` lies in `outer`; both are texts that `parse` takes.
  within =
    outer: inner:
    let
      o = parse outer;
      i = parse inner;
    in
    i.prefixLength >= o.prefixLength && i.first / o.size == o.first / o.size;
}
