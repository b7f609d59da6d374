// What is vendored is what npm has, to the byte: nobody has changed it here.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const VENDOR = join(import.meta.dirname, "../../server/web/vendor");
const PUBLISHED = join(import.meta.dirname, "node_modules");

const files = readdirSync(VENDOR, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(VENDOR.length + 1));

test("files of others are as they were published", () => {
  assert.ok(files.includes(join("lit-html", "lit-html.js")));
  for (const name of files) {
    assert.equal(
      readFileSync(join(VENDOR, name)).equals(readFileSync(join(PUBLISHED, name))),
      true,
      name,
    );
  }
});

test("every vendored package has its licence beside it", () => {
  for (const entry of readdirSync(VENDOR)) {
    assert.ok(files.includes(join(entry, "LICENSE")), entry);
  }
});
