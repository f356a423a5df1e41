# The program as a Nix package: the Python package with the dashboard in it, shell completions, manual page.
{
  lib,
  callPackage,
  installShellFiles,
  openssl,
  python3Packages,
  runCommand,
  writableTmpDirAsHomeHook,
  # Tests of the package in its NixOS module, name -> derivation; the flake hands them in.
  vmTests ? { },
}:
let
  inherit (lib) fileset;
  inherit (lib.importTOML ./pyproject.toml) project;

  dashboardVendor = callPackage ./dashboard-vendor.nix { };

  meta = {
    inherit (project) description;
    license = lib.licenses.mit;
    mainProgram = "hyperhive";
    platforms = lib.platforms.linux;
  };

  files = fileset.unions [
    ./README.md
    ./contract
    ./dashboard/css
    ./dashboard/index.html
    ./dashboard/js
    ./dashboard/login.html
    ./dashboard/logo.svg
    ./examples
    ./hyperhive
    ./pyproject.toml
    ./shell_files.py
    ./tests
  ];
  compiled = fileset.fileFilter (file: file.hasExt "pyc") ./.;

  program = python3Packages.buildPythonApplication {
    pname = project.name;
    inherit (project) version;
    pyproject = true;

    src = fileset.toSource {
      root = ./.;
      fileset = fileset.difference files compiled;
    };

    postPatch = ''
      cp --recursive ${dashboardVendor} dashboard/vendor
    '';

    build-system = [ python3Packages.hatchling ];

    # nixpkgs builds claude-agent-sdk without the Claude Code inside of it: `claude.cli` of the configuration says which
    # one runs, or else PATH does.
    dependencies = [
      python3Packages.aiohttp
      python3Packages.anyio
      python3Packages.claude-agent-sdk
      python3Packages.mcp
      python3Packages.pydantic
    ];

    nativeBuildInputs = [
      installShellFiles
      python3Packages.argparse-manpage
      python3Packages.shtab
    ];

    postInstall = ''
      ${python3Packages.python.interpreter} shell_files.py shell-files
      installManPage shell-files/*.1
      # There is none for fish where shtab is older than 1.9; fish then reads the manual page.
      installShellCompletion shell-files/*sh
      mkdir --parents "$out/share/hyperhive"
      ln --symbolic "$out/${python3Packages.python.sitePackages}/hyperhive/dashboard" "$out/share/hyperhive/dashboard"
    '';

    nativeCheckInputs = [
      openssl
      python3Packages.blockbuster
      python3Packages.hypothesis
      python3Packages.pytest-aiohttp
      python3Packages.pytest-asyncio
      python3Packages.pytest-timeout
      python3Packages.pytestCheckHook
      writableTmpDirAsHomeHook
    ];

    # The others need Claude Code, Chromium, Node.js or the whole checkout: `make test` runs them.
    enabledTestPaths = [
      "tests/api"
      "tests/config"
      "tests/domain"
      "tests/services"
      "tests/store"
      "tests/system"
      "tests/test_errors.py"
    ];
    # A browser, and lines of Bash that are played with programs at their usual places, are not in the sandbox.
    disabledTestPaths = [
      "tests/api/operator/test_browser.py"
      "tests/domain/bash/test_attempts.py"
      "tests/domain/bash/test_fuzzer.py"
      "tests/domain/bash/test_ordinary.py"
      "tests/domain/bash/test_shells.py"
      "tests/domain/bash/test_text.py"
      "tests/domain/bash/test_trees.py"
    ];
    # A time limit says nothing on a builder that does other work beside.
    disabledTests = [ "quickly" ];
    # What another release of a dependency deprecates is no reason not to build.
    pytestFlags = [ "-Wdefault" ];

    pythonImportsCheck = [
      "hyperhive.broker"
      "hyperhive.cli"
      "hyperhive.harness.main"
    ];

    inherit meta;
  };

  # Here `sys.executable` is a Python that has hyperhive and its dependencies, as in a virtual environment: `hyperhive up`
  # starts its processes with it, and it is the `python3` of an agent's MCP servers.
  environment = python3Packages.python.withPackages (_: [ (python3Packages.toPythonModule program) ]);
in
runCommand "${project.name}-${project.version}"
  {
    pname = project.name;
    inherit (project) version;
    inherit meta;
    passthru = {
      inherit dashboardVendor environment program;
      tests = vmTests;
    };
  }
  ''
    mkdir --parents "$out/bin"
    ln --symbolic ${environment}/bin/hyperhive "$out/bin/hyperhive"
    ln --symbolic ${program}/share "$out/share"
  ''
