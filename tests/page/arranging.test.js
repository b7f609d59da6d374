import assert from "node:assert/strict";
import { test } from "node:test";
import { createArranger } from "../../server/web/state/hits/arranging.js";

const hits = (count) => Array.from({ length: count }, (_, id) => ({ id: `${id}` }));

test("a hit is asked for its shape once, until the width changes", () => {
  let asked = 0;
  const arrange = createArranger(() => {
    asked++;
    return { aspect: 1.5, least: 0 };
  });
  const first = hits(20);
  const layout = arrange(first, 1000);
  assert.equal(arrange(first, 1000), layout);
  assert.equal(asked, 20);
  const longer = arrange([...first, ...hits(30).slice(20)], 1000);
  assert.equal(asked, 30);
  assert.deepEqual(longer.rows.slice(0, layout.full), layout.rows.slice(0, layout.full));
  arrange(first, 700);
  assert.equal(asked, 50);
  arrange(hits(20), 700);
  assert.equal(asked, 70);
});
