/* Draws the scorecard of the chosen institution and fills the tables; every number was computed before. */
(function () {
  "use strict";
  var root = document.documentElement;
  var data = JSON.parse(document.getElementById("data").textContent);
  var lang = data.lang;
  function $(id) { return document.getElementById(id); }
  function word(key) { return data.words[key][lang]; }
  function color(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  function safe(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function short(text) {
    var letters = Array.from(text);
    return safe(letters.length > 16 ? letters.slice(0, 15).join("") + "…" : text);
  }
  function fill(id, rows) {
    var body = $(id) && $(id).tBodies[0];
    if (!body) { return; }
    body.textContent = "";
    rows.forEach(function (cells) {
      var line = body.insertRow();
      cells.forEach(function (cell) { line.insertCell().textContent = cell; });
    });
  }
  function draw(id, traces, more) {
    var target = $(id);
    if (!target) { return; }
    var layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 380,
      font: { family: getComputedStyle(document.body).fontFamily, color: color("ink"), size: 13 },
      margin: { l: 60, r: 60, t: 30, b: 40 }, legend: { orientation: "h", y: -0.1 }
    };
    Object.keys(more).forEach(function (key) { layout[key] = more[key]; });
    Plotly.purge(target);
    Plotly.newPlot(target, traces, layout, { displayModeBar: false, responsive: true });
  }
  function card() {
    var one = data.institutions[$("institution") ? Number($("institution").value) : 0];
    if (!one) { return; }
    var names = one.dimensions.map(function (d) { return short(d.name[lang]); });
    function ring(name, key, tint) {
      var values = one.dimensions.map(function (d) { return d[key] / 100; });
      return {
        type: "scatterpolar", fill: "toself", name: name, line: { color: tint }, opacity: 0.7,
        theta: names.concat(names.slice(0, 1)), r: values.concat(values.slice(0, 1)),
        hovertemplate: "%{theta}: %{r:.1f}%<extra>" + safe(name) + "</extra>"
      };
    }
    draw("radar", [ring(word("same_level"), "level", color("other")), ring(word("own"), "share", color("total"))], {
      polar: {
        bgcolor: "rgba(0,0,0,0)", radialaxis: { range: [0, 100], gridcolor: color("line") },
        angularaxis: { gridcolor: color("line") }
      }
    });
    var items = one.items.filter(function (item) { return item.full > 0 && item.mark !== null; }).reverse();
    var labels = items.map(function (item) { return short(item.name[lang]); });
    function bars(key, width, tint) {
      return {
        type: "bar", orientation: "h", y: labels, x: items.map(function (item) { return item[key] / 1e4; }), width: width,
        name: word(key), marker: { color: tint }, hovertemplate: "%{y}: %{x}<extra>" + word(key) + "</extra>"
      };
    }
    draw("bullet", [bars("full", 0.75, color("pale")), bars("mark", 0.35, color("total"))], {
      barmode: "overlay", height: Math.max(320, 24 * items.length + 90), margin: { l: 170, r: 20, t: 10, b: 40 },
      xaxis: { gridcolor: color("line"), rangemode: "tozero" }
    });
    fill("t-marks", one.items.map(function (item) {
      return [item.dimension[lang], item.name[lang], item.basis[lang]].concat(item.shown, [item.why[lang], item.source[lang]]);
    }));
  }
  function ranks() {
    var chosen = $("indicator");
    if (!chosen) { return; }
    Array.prototype.forEach.call(chosen.options, function (option) { option.textContent = option.dataset[lang]; });
    fill("t-ranks", data.ranks.filter(function (row) { return row.indicator === chosen.value; }).map(function (row) {
      var moved = row.moved === null ? "" : row.moved > 0 ? "▲ " + row.moved : row.moved < 0 ? "▼ " + -row.moved : "＝";
      var place = row.place === null ? word("few") : row.place + "/" + row.of;
      return [row.level[lang], place, moved, row.name, row.value, row.n];
    }));
  }
  function all() {
    Array.prototype.forEach.call(document.querySelectorAll("[aria-label][data-zh]"), function (element) {
      element.setAttribute("aria-label", element.dataset[lang]);
    });
    card();
    ranks();
  }
  $("language").addEventListener("click", function () {
    lang = lang === "zh" ? "en" : "zh";
    root.lang = lang === "zh" ? "zh-CN" : "en";
    all();
  });
  if ($("institution")) { $("institution").addEventListener("change", card); }
  if ($("indicator")) { $("indicator").addEventListener("change", ranks); }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", card);
  all();
}());
