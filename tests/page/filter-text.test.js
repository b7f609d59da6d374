import assert from "node:assert/strict";
import { test } from "node:test";
import { filterText } from "../../server/web/state/asking/filter-text.js";

const text = (where, kinds = [], modalities = []) => filterText({ where, kinds, modalities });

test("conditions are written as filters are", () => {
  assert.equal(text({}), "");
  assert.equal(text({ year: { $gte: 2020, $lt: 2023 } }), "year >= 2020 and year < 2023");
  assert.equal(
    text({ "camera.model": { $in: ["X100", "GR III"] } }),
    "camera.model in ('X100', 'GR III')",
  );
  assert.equal(
    text({ title: { $exists: true }, tags: { $exists: false } }),
    "exists(title) and not exists(tags)",
  );
  assert.equal(text({}, ["image"], ["text"]), "kind in ('image') and modality in ('text')");
});

test("names and values that are no plain words are quoted", () => {
  assert.equal(text({ "camera.focal length": { $eq: 50 } }), 'camera."focal length" = 50');
  assert.equal(text({ in: { $eq: "Ada's \\ note" } }), "\"in\" = 'Ada''s \\\\ note'");
  assert.equal(text({ stereo: { $eq: true } }), "stereo = true");
});
