// Makes vendor/, the only third-party code that is served, of the files in node_modules that vendor.json lists.
// Run after `npm ci`; vendor/ is rewritten whole.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const vendor = join(here, "vendor");
const files = JSON.parse(await readFile(join(here, "vendor.json"), "utf8"));

// The strict Content-Security-Policy leaves no room for an (inline) import map, so the one bare
// specifier becomes a relative one. Source maps are not served, so their references go too.
function forBrowser(source) {
  return source
    .replaceAll(/(\bfrom\s*)"preact"/g, '$1"./preact.module.js"')
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, "");
}

// It also refuses <style> elements and style attributes that a script writes, and allows the same through the
// CSS object model: `adopted-style` is an element of the page's own, see js/adopted_style.js.
function forPolicy(source) {
  return source
    .replaceAll('createElement("style")', 'createElement("adopted-style")')
    .replaceAll(/\b(\w+)\.setAttribute\("style",/g, 'Reflect.set($1.style,"cssText",');
}

function refuseBareImports(name, source) {
  const bare = source.match(/\b(?:from|import)\s*\(?["'](?!\.{0,2}\/)[^"'\n]+["']/);
  if (bare) throw new Error(`vendor/${name}: ${bare[0]} cannot be resolved by a browser`);
}

await rm(vendor, { recursive: true, force: true });
for (const { package: name, file, target } of files) {
  const from = join(here, "node_modules", name, file);
  await mkdir(dirname(join(vendor, target)), { recursive: true });
  if (target.endsWith(".js")) {
    const source = forPolicy(forBrowser(await readFile(from, "utf8")));
    refuseBareImports(target, source);
    await writeFile(join(vendor, target), source);
  } else {
    await copyFile(from, join(vendor, target));
  }
}
