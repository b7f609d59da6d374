import assert from "node:assert/strict";
import { test } from "node:test";
import { toCsv, toFile, toJsonl, toPaths } from "../../server/web/state/hits/exporting.js";

const hit = {
  id: "a",
  kind: "audio",
  modality: "audio",
  score: 2.5,
  raw_score: -0.25,
  route: "native",
  space: "starter",
  source: "/sounds/shore.flac",
  start: 0,
  end: 10,
  unit: "seconds",
  page: null,
  origin: "content",
  heading: [],
  text: null,
  metadata: { year: 2021, camera: { model: "X" } },
};

const cells = (csv) =>
  csv
    .slice(1)
    .split("\r\n")
    .map((line) => line.split(","));

test("JSON lines hold the hits as they came", () => {
  const lines = toJsonl([hit, { ...hit, id: "b\n" }]).split("\n");
  assert.equal(lines.length, 3);
  assert.deepEqual(JSON.parse(lines[0]), hit);
  assert.equal(JSON.parse(lines[1]).id, "b\n");
});

test("paths stand once, in order", () => {
  const hits = [hit, { ...hit, source: "/b" }, hit];
  assert.equal(toPaths(hits), "/sounds/shore.flac\n/b\n");
});

test("a table has a column for each field, those of the metadata by their paths", () => {
  const [head, first, second, end] = cells(toCsv([hit, { ...hit, metadata: { mood: "calm" } }]));
  assert.deepEqual(head.slice(-3), ["metadata.camera.model", "metadata.mood", "metadata.year"]);
  assert.deepEqual(first.slice(0, 6), ["1", "a", "audio", "audio", "2.5", "-0.25"]);
  assert.deepEqual(first.slice(-3), ["X", "", "2021"]);
  assert.deepEqual(second.slice(-3), ["", "calm", ""]);
  assert.deepEqual(end, [""]);
});

test("what a spreadsheet would run is text", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"]) {
    const csv = toCsv([{ ...hit, metadata: { note: text } }]);
    assert.match(csv, /'[=+\-@\t\r\n＝]/, JSON.stringify(text));
  }
});

test("numbers stay numbers, and names of fields are cells, too", () => {
  const csv = toCsv([{ ...hit, raw_score: -0.5, metadata: {} }]);
  assert.match(csv, /,-0.5,/);
  assert.match(toCsv([{ ...hit, metadata: { 'a"b,c': 1 } }]), /"metadata.a""b,c"\r\n/);
});

test("quotes, commas and ends of lines are kept", () => {
  const csv = toCsv([{ ...hit, text: 'say "hi",\nthen go', metadata: {} }]);
  assert.ok(csv.endsWith(',"say ""hi"",\nthen go"\r\n'));
});

test("headings are one path, other lists JSON", () => {
  const csv = toCsv([{ ...hit, heading: ["Setup", "Linux"], metadata: { tags: [1, 2] } }]);
  assert.ok(csv.includes("Setup > Linux"));
  assert.ok(csv.includes('"[1,2]"'));
});

test("a file is named after what was asked", () => {
  assert.equal(toFile([hit], "csv", "waves / on a beach?").name, "anysense-waves-on-a-beach.csv");
  assert.equal(toFile([hit], "jsonl", "../..").name, "anysense.jsonl");
  assert.equal(toFile([hit], "paths", "волны").name, "anysense-волны.txt");
});
