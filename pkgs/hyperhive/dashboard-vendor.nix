# `dashboard/vendor`, as `make vendor` fills it, from single files of the packages that package-lock.json pins.
{
  lib,
  fetchurl,
  linkFarm,
  nodejs,
  runCommand,
}:
let
  inherit (lib.importJSON ./dashboard/package-lock.json) packages;

  fetch =
    {
      package,
      file,
      hash,
      ...
    }:
    {
      name = "${package}/${file}";
      path = fetchurl {
        url = "https://cdn.jsdelivr.net/npm/${package}@${packages."node_modules/${package}".version}/${file}";
        inherit hash;
      };
    };

  modules = linkFarm "hyperhive-dashboard-modules" (map fetch (lib.importJSON ./dashboard/vendor.json));
in
runCommand "hyperhive-dashboard-vendor"
  {
    nativeBuildInputs = [ nodejs ];
    passthru = { inherit modules; };
  }
  ''
    cp ${./dashboard/vendor.mjs} vendor.mjs
    cp ${./dashboard/vendor.json} vendor.json
    ln -s ${modules} node_modules
    node vendor.mjs
    mv vendor "$out"
  ''
