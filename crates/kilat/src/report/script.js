// A cursor that reads values, and legends that hide lines. The page is complete without it.
"use strict";
document.body.classList.add("live");
const readout = document.createElement("div");
readout.className = "readout";
readout.hidden = true;
document.body.append(readout);

// Decimals that fit the length of an axis.
const text = (v, axis) => v.toFixed(Math.max(0, 3 - Math.floor(Math.log10(axis[1] - axis[0]))));
const numbers = s => s.split(" ").slice(0, 2).map(Number).concat(s.split(" ").slice(2).join(" "));

for (const figure of document.querySelectorAll("figure")) {
  for (const key of figure.querySelectorAll(".key")) {
    key.addEventListener("click", () => {
      const off = key.classList.toggle("off");
      for (const e of figure.querySelectorAll("." + key.dataset.k)) e.style.display = off ? "none" : "";
    });
  }
  const svg = figure.querySelector("svg");
  const lines = [...svg.querySelectorAll("polyline[data-n]")];
  if (!lines.length) continue;
  const [l, r, t, b] = svg.dataset.box.split(" ").map(Number);
  const x = numbers(svg.dataset.x), y = numbers(svg.dataset.y);
  const cursor = svg.querySelector(".cursor");
  svg.addEventListener("pointermove", event => {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const inside = p.x >= l && p.x <= r && p.y >= t && p.y <= b;
    readout.hidden = !inside;
    cursor.setAttribute("d", inside ? `M${p.x},${t}V${b}` : "");
    if (!inside) return;
    const rows = [text(x[0] + (p.x - l) / (r - l) * (x[1] - x[0]), x) + " " + x[2]];
    for (const line of lines) {
      if (line.style.display === "none") continue;
      const q = line.points, n = q.numberOfItems;
      if (q.getItem(0).x > p.x + 2 || q.getItem(n - 1).x < p.x - 2) continue;
      let lo = 0, hi = n - 1;
      while (hi - lo > 1) {
        const mid = (lo + hi) >> 1;
        if (q.getItem(mid).x <= p.x) lo = mid; else hi = mid;
      }
      const near = p.x - q.getItem(lo).x <= q.getItem(hi).x - p.x ? lo : hi;
      rows.push(line.dataset.n + "  " + text(y[0] + (b - q.getItem(near).y) / (b - t) * (y[1] - y[0]), y) + " " + y[2]);
    }
    readout.textContent = rows.join("\n");
    readout.style.left = Math.min(event.clientX + 14, innerWidth - readout.offsetWidth - 8) + "px";
    readout.style.top = event.clientY + 14 + "px";
  });
  svg.addEventListener("pointerleave", () => { readout.hidden = true; cursor.setAttribute("d", ""); });
}
