/* Draws the charts of a simulation from the embedded content and sorts its tables. Amounts are whole fen of the
   simulation; charts only scale them. */
(function () {
  "use strict";
  var root = document.documentElement;
  var data = JSON.parse(document.getElementById("data").textContent);
  var lang = data.lang;
  var DASHES = { tertiary: "solid", secondary: "dash", primary: "dot" };
  var SHAPES = { tertiary: "circle", secondary: "diamond", primary: "square" };

  function $(id) { return document.getElementById(id); }
  function all(query, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(query)); }
  function word(key) { var pair = data.words[key]; return pair ? pair[lang] : String(key); }
  function color(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  /* Plotly reads a little HTML in its texts */
  function safe(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function money(fen) {
    var text = String(Math.abs(fen)).padStart(3, "0"), whole = text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
    return (fen < 0 ? "-" : fen > 0 ? "+" : "") + whole + "." + text.slice(-2) + " " + word("yuan");
  }
  function scaled(fen) { return fen / (lang === "zh" ? 1e6 : 1e5); }
  function title(key) {
    return { text: word(key) + (lang === "zh" ? "(" : " (") + word("chart_unit") + ")", standoff: 8 };
  }
  function draw(id, label, traces, more) {
    var target = $(id);
    if (!target) { return; }
    target.setAttribute("aria-label", word(label));
    var axis = { gridcolor: color("line"), zerolinecolor: color("soft"), linecolor: color("line"), automargin: true };
    var layout = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 320,
      font: { family: getComputedStyle(document.body).fontFamily, color: color("ink"), size: 13 },
      margin: { l: 56, r: 16, t: 12, b: 44 }, hoverlabel: { align: "left" }, separators: ".,",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }
    }, more);
    layout.xaxis = Object.assign({}, axis, more.xaxis);
    layout.yaxis = Object.assign({}, axis, more.yaxis);
    Plotly.purge(target);
    Plotly.newPlot(target, traces, layout, { displayModeBar: false, responsive: true });
  }

  function institutions() {
    var rows = data.institutions, many = rows.length > 24;
    if (!many) { rows = rows.slice().reverse(); }
    var ids = rows.map(function (row) { return row.institution_id; });
    var size = rows.map(function (row) { return scaled(row.settled_diff); });
    var names = { type: "category", tickmode: "array", tickvals: many ? [] : ids,
      ticktext: many ? [] : rows.map(function (row) { return safe(row.name.slice(0, 16)); }) };
    var amounts = { title: title("settled_change"), zerolinewidth: 1.5, tickformat: "," };
    draw("chart-institutions", "whatif_chart", [{
      type: "bar", orientation: many ? "v" : "h", x: many ? ids : size, y: many ? size : ids,
      marker: { color: rows.map(function (row) { return color(row.settled_diff < 0 ? "overspend" : "surplus"); }) },
      hovertext: rows.map(function (row) {
        return safe(row.name) + "<br>" + word(row.level) + "<br>" + money(row.settled_diff);
      }),
      hoverinfo: "text"
    }], {
      height: many ? 340 : Math.max(160, 76 + 26 * rows.length), bargap: many ? 0.12 : 0.3,
      xaxis: many ? names : amounts, yaxis: many ? amounts : names
    });
  }

  function levels() {
    var tints = { due_diff: "total", settled_diff: "secondary" };
    draw("chart-levels", "level_chart", Object.keys(tints).map(function (key) {
      return {
        type: "bar", name: word(key === "due_diff" ? "due_change" : "settled_change"), marker: { color: color(tints[key]) },
        x: data.levels.map(function (row) { return word(row.level); }),
        y: data.levels.map(function (row) { return scaled(row[key]); }),
        hovertext: data.levels.map(function (row) { return money(row[key]); }), hoverinfo: "text"
      };
    }), { barmode: "group", yaxis: { title: title("diff"), tickformat: ",", zerolinewidth: 1.5 } });
  }

  function line(key, name, tint, more) {
    return Object.assign({
      type: "scatter", mode: "lines+markers", name: name, line: { color: color(tint), width: 2.5 }, marker: { size: 8 },
      x: data.rows.map(function (row) { return Number(row.value); }),
      y: data.rows.map(function (row) { return row[key]; })
    }, more);
  }
  function sweepChart(id, label, traces, yaxis) {
    /* the run's own value */
    var now = { type: "line", yref: "paper", y0: 0, y1: 1, x0: Number(data.current), x1: Number(data.current),
      line: { color: color("soft"), width: 1.5, dash: "dot" } };
    draw(id, label, traces, {
      xaxis: { title: { text: data.name, standoff: 6 } }, yaxis: yaxis || {},
      shapes: isNaN(Number(data.current)) ? [] : [now], showlegend: traces.length > 1
    });
  }
  function sweep() {
    function tenThousandth(key) {
      return data.rows.map(function (row) { return row[key] === null ? null : row[key] / 1e4; });
    }
    sweepChart("chart-points", "points", [line("points", word("points"), "total", { y: tenThousandth("points") })],
      { tickformat: "," });
    sweepChart("chart-gini", "gini", [line("gini", word("gini"), "total", { y: tenThousandth("gini") })]);
    sweepChart("chart-signs", "sweep_signs", [
      line("in_surplus", word("in_surplus"), "surplus"),
      line("in_overspend", word("in_overspend"), "overspend", { marker: { size: 8, symbol: "diamond" } })
    ], { rangemode: "tozero" });
    sweepChart("chart-due", "sweep_due", data.levels.map(function (level) {
      var key = "due_" + level + "_diff";
      return line(key, word(level), level, {
        y: data.rows.map(function (row) { return scaled(row[key]); }),
        line: { color: color(level), width: 2.5, dash: DASHES[level] }, marker: { size: 8, symbol: SHAPES[level] },
        hovertext: data.rows.map(function (row) { return word(level) + " " + row.value + "<br>" + money(row[key]); }),
        hoverinfo: "text"
      });
    }), { title: title("due_change"), tickformat: ",", zerolinewidth: 1.5 });
  }

  function render() {
    root.lang = lang === "zh" ? "zh-CN" : "en";
    if (data.kind === "sweep") { sweep(); } else { levels(); institutions(); }
  }
  function sort(th) {
    var table = th.closest("table"), body = table.tBodies[0], column = th.cellIndex;
    var down = th.getAttribute("aria-sort") !== "descending";
    all("th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    function value(tr) {
      var cell = tr.cells[column], raw = cell.dataset.v;
      return raw === undefined ? cell.textContent : raw === "" ? -Infinity : Number(raw);
    }
    all("tr", body).sort(function (a, b) {
      var x = value(a), y = value(b);
      var order = typeof x === "number" ? (x < y ? -1 : x > y ? 1 : 0) : x.localeCompare(y, "zh", { numeric: true });
      return down ? -order : order;
    }).forEach(function (tr) { body.appendChild(tr); });
  }

  document.addEventListener("click", function (event) {
    var sorter = event.target.closest("th button");
    if (sorter) { sort(sorter.closest("th")); }
  });
  $("language").addEventListener("click", function () {
    lang = lang === "zh" ? "en" : "zh";
    render();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  [["beforeprint", "light"], ["afterprint", "auto"]].forEach(function (turn) {
    window.addEventListener(turn[0], function () {
      root.dataset.theme = turn[1];
      document.body.classList.toggle("printing", turn[1] === "light");
      render();
    });
  });
  render();
})();
