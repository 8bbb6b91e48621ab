/* Draws the control charts of the institution and indicator chosen. Nothing is computed here but the scale: shares come
   as 1/10,000 from the tables. */
(function () {
  "use strict";
  var root = document.documentElement;
  var data = JSON.parse(document.getElementById("data").textContent);
  var lang = data.lang;
  function $(id) { return document.getElementById(id); }
  function word(key) { var pair = data.words[key]; return pair ? pair[lang] : String(key); }
  function color(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  function percent(values) { return values.map(function (v) { return v / 100; }); }

  function draw() {
    var key = $("indicator").value + "|" + $("institution").value;
    var s = data.series[key];
    var target = $("control");
    Plotly.purge(target);
    if (!s) { return; }
    function line(y, name, dash) {
      return { x: s.month, y: percent(y), name: name, mode: "lines", line: { dash: dash, color: color("soft"), shape: "hvh", width: 1 },
        hoverinfo: "skip" };
    }
    var points = { x: s.month, y: percent(s.value), name: word("value"), mode: "lines+markers",
      line: { color: color("employee") || "#1f5fa8" },
      marker: { size: 8, color: s.outside.map(function (o) { return o ? "#c0392b" : "#1f5fa8"; }) },
      text: s.value.map(function (v, i) { return s.numerator[i] + " / " + s.denominator[i]; }),
      hovertemplate: "%{x}: %{y:.2f}% (%{text})<extra></extra>" };
    Plotly.newPlot(target, [line(s.upper, word("upper"), "dash"), line(s.centre, word("centre"), "solid"),
      line(s.lower, word("lower"), "dash"), points], {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 360, margin: { l: 56, r: 16, t: 12, b: 44 },
      font: { family: getComputedStyle(document.body).fontFamily, color: color("ink"), size: 13 },
      xaxis: { dtick: 1, title: { text: word("month") } }, yaxis: { ticksuffix: "%", rangemode: "tozero" },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }
    }, { displayModeBar: false, responsive: true });
  }
  function speak() {
    root.lang = lang === "zh" ? "zh-CN" : "en";
    Array.prototype.forEach.call(document.querySelectorAll("option[data-zh]"), function (o) {
      o.textContent = o.getAttribute("data-" + lang);
    });
    draw();
  }
  $("language").addEventListener("click", function () { lang = lang === "zh" ? "en" : "zh"; speak(); });
  $("indicator").addEventListener("change", draw);
  $("institution").addEventListener("change", draw);
  speak();
})();
