# A package that can be named and not be built: packages -> pname -> version -> derivation.
packages: pname: version:
derivation {
  name = "${pname}-${version}";
  inherit (packages.stdenv.hostPlatform) system;
  builder = "/bin/sh";
}
// {
  inherit pname version;
  meta.mainProgram = pname;
}
