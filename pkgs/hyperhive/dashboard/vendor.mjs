// Copies the browser libraries from node_modules to vendor/, the only third-party code that is served.
// Run after `npm ci`; vendor/ is rewritten whole.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "vendor");

const FILES = {
  "preact.module.js": "preact/dist/preact.mjs",
  "hooks.module.js": "preact/hooks/dist/hooks.mjs",
  "htm.module.js": "htm/dist/htm.module.js",
};
const LICENSES = { "preact.LICENSE": "preact/LICENSE", "htm.LICENSE": "htm/LICENSE" };

// The strict Content-Security-Policy leaves no room for an (inline) import map, so the one bare
// specifier becomes a relative one. Source maps are not served, so their references go too.
function forBrowser(source) {
  return source
    .replaceAll(/(\bfrom\s*)"preact"/g, '$1"./preact.module.js"')
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, "");
}

function refuseBareImports(name, source) {
  const bare = source.match(/\b(?:from|import)\s*\(?["'](?!\.{0,2}\/)[^"']+["']/);
  if (bare) throw new Error(`vendor/${name}: ${bare[0]} cannot be resolved by a browser`);
}

await rm(vendor, { recursive: true, force: true });
await mkdir(vendor);
for (const [name, path] of Object.entries(FILES)) {
  const source = forBrowser(await readFile(join(modules, path), "utf8"));
  refuseBareImports(name, source);
  await writeFile(join(vendor, name), source);
}
for (const [name, path] of Object.entries(LICENSES)) await copyFile(join(modules, path), join(vendor, name));
