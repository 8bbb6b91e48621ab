/* Draws the charts from the embedded figures, sorts and filters the tables. Nothing is computed here that is shown
   as an amount: amounts are whole fen from the run, and charts only scale them. */
(function () {
  "use strict";
  var root = document.documentElement;
  var data = JSON.parse(document.getElementById("data").textContent);
  var state = { lang: data.lang, scheme: data.schemes[0], chosen: null };
  var SHAPES = { tertiary: "circle", secondary: "diamond", primary: "square" };

  function $(id) { return document.getElementById(id); }
  function all(query, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(query)); }
  function word(key) { var pair = data.words[key]; return pair ? pair[state.lang] : String(key); }
  function color(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  /* Plotly reads a little HTML in its texts */
  function safe(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function short(text, most) {
    var letters = Array.from(String(text));
    return safe(letters.length > most ? letters.slice(0, most - 1).join("") + "…" : text);
  }
  function grouped(whole, decimals) {
    var text = String(Math.abs(whole));
    while (text.length <= decimals) { text = "0" + text; }
    var head = text.slice(0, text.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
    return (whole < 0 ? "-" : "") + head + (decimals ? "." + text.slice(text.length - decimals) : "");
  }
  function money(fen) { return fen === null ? "–" : grouped(fen, 2) + " " + word("yuan"); }
  function scaled(fen) { return fen / (state.lang === "zh" ? 1e6 : 1e5); }
  function withUnit(key) { return word(key) + (state.lang === "zh" ? "(" : " (") + word("chart_unit") + ")"; }
  function monthName(month) { return state.lang === "zh" ? month + "月" : String(month); }

  function narrow() { return document.documentElement.clientWidth < 520; }

  function layout(more) {
    var axis = { gridcolor: color("line"), zerolinecolor: color("soft"), linecolor: color("line"), automargin: true };
    var base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 320,
      font: { family: getComputedStyle(document.body).fontFamily, color: color("ink"), size: 13 },
      margin: { l: 56, r: 16, t: 12, b: 44 }, hoverlabel: { align: "left" }, separators: ".,",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }
    };
    Object.keys(more).forEach(function (key) { base[key] = more[key]; });
    base.xaxis = Object.assign({}, axis, more.xaxis);
    base.yaxis = Object.assign({}, axis, more.yaxis);
    return base;
  }
  function draw(id, label, traces, more) {
    var target = $(id);
    if (!target) { return null; }
    target.setAttribute("aria-label", word(label));
    /* drawn anew each time: an update in place would fade in, too late for the printer */
    Plotly.purge(target);
    Plotly.newPlot(target, traces, layout(more || {}), { displayModeBar: false, responsive: true });
    return target;
  }
  function onClick(target, action) {
    if (target) { target.on("plotly_click", action); }
  }

  function flows() {
    data.flows.forEach(function (flow) {
      var nodes = [{ name: narrow() ? "" : word("fund_pool"), shown: narrow() ? { zh: "", en: "" } : flow.shown, color: color("total") }];
      var links = { source: [], target: [], value: [], color: [], label: [] };
      flow.parts.forEach(function (part) {
        if (!part.fen) { return; }
        /* a negative amount counts on the other side */
        var source = (part.side === "source") === (part.fen > 0);
        var size = Math.abs(part.fen), tint = color(part.tint);
        nodes.push({ name: word(part.key), shown: part.shown, color: tint });
        links.source.push(source ? nodes.length - 1 : 0);
        links.target.push(source ? 0 : nodes.length - 1);
        links.value.push(scaled(size));
        links.color.push(tint + "55");
        links.label.push(money(part.fen));
        if (part.key === "paid" && part.fen > 0) {
          var paid = nodes.length - 1;
          flow.levels.forEach(function (level) {
            nodes.push({ name: word(level.key), shown: level.shown, color: color(level.key) });
            links.source.push(paid);
            links.target.push(nodes.length - 1);
            links.value.push(scaled(level.fen));
            links.color.push(color(level.key) + "55");
            links.label.push(money(level.fen));
          });
        }
      });
      draw("flow-" + flow.scheme, "flow", [{
        type: "sankey", arrangement: "snap", hoverinfo: "none", textfont: { color: color("ink"), size: narrow() ? 11 : 13 },
        node: {
          label: nodes.map(function (node) { return node.name + "<br>" + node.shown[state.lang]; }),
          color: nodes.map(function (node) { return node.color; }),
          pad: 30, thickness: 16, line: { width: 0 }, hoverinfo: "none"
        },
        link: Object.assign({ hovertemplate: "%{label}<extra></extra>" }, links)
      }], { height: 270, margin: { l: 8, r: 8, t: 22, b: 22 } });
    });
  }

  function months() {
    function rows(scheme) { return data.months.filter(function (row) { return row.scheme === scheme; }); }
    var names = data.months.map(function (row) { return row.month; });
    var axis = {
      tickmode: "array", tickvals: names, ticktext: names.map(monthName), range: [0.4, Math.max.apply(null, names) + 0.6]
    };
    draw("stays", "stays_by_month", data.schemes.map(function (scheme) {
      return {
        type: "bar", name: word(scheme), marker: { color: color(scheme) },
        x: rows(scheme).map(function (row) { return row.month; }), y: rows(scheme).map(function (row) { return row.n; }),
        hovertemplate: "%{x}: %{y:,}<extra>" + word(scheme) + "</extra>"
      };
    }), { barmode: "stack", xaxis: axis, yaxis: { rangemode: "tozero" } });
    var shapes = [];
    data.schemes.forEach(function (scheme) {
      var value = data.year_values[scheme];
      if (value) {
        shapes.push({
          type: "line", xref: "paper", x0: 0, x1: 1, y0: value / 1e4, y1: value / 1e4,
          line: { color: color(scheme), width: 1.5, dash: "dot" }
        });
      }
    });
    draw("values", "value_by_month", data.schemes.map(function (scheme, i) {
      return {
        type: "scatter", mode: "lines+markers", name: word(scheme), connectgaps: false,
        line: { color: color(scheme), width: 2.5 }, marker: { size: 8, symbol: i ? "diamond" : "circle" },
        x: rows(scheme).map(function (row) { return row.month; }),
        y: rows(scheme).map(function (row) { return row.value === null ? null : row.value / 1e4; }),
        hovertemplate: "%{x}: %{y:,.4f}<extra>" + word(scheme) + "</extra>"
      };
    }), { xaxis: axis, shapes: shapes });
  }

  function mine() { return data.institutions.filter(function (row) { return row.scheme === state.scheme; }); }

  function balances() {
    var rows = mine().filter(function (row) { return row.n; });
    rows.sort(function (a, b) { return b.balance - a.balance || (a.id < b.id ? -1 : 1); });
    var many = rows.length > 24;
    if (!many) { rows.reverse(); }
    var ids = rows.map(function (row) { return row.id; });
    var size = rows.map(function (row) { return scaled(row.balance); });
    var names = { type: "category", tickmode: "array", tickvals: many ? [] : ids,
      ticktext: many ? [] : rows.map(function (row) { return short(row.name, narrow() ? 9 : 16); }) };
    var amounts = { title: { text: withUnit("balance"), standoff: 8 }, zerolinewidth: 1.5, tickformat: "," };
    onClick(draw("balances", "balance_chart", [{
      type: "bar", orientation: many ? "v" : "h", x: many ? ids : size, y: many ? size : ids,
      marker: { color: rows.map(function (row) { return color(row.balance < 0 ? "overspend" : "surplus"); }) },
      customdata: rows.map(function (row) { return row.index; }),
      hovertext: rows.map(function (row) {
        return safe(row.name) + "<br>" + word(row.balance < 0 ? "overspend" : "surplus") + " " + money(row.balance);
      }),
      hoverinfo: "text"
    }], {
      height: many ? 340 : Math.max(160, 76 + 26 * rows.length), bargap: many ? 0.12 : 0.3,
      xaxis: many ? names : amounts, yaxis: many ? amounts : names
    }), function (event) { choose(event.points[0].customdata, true); });
  }

  function levels(rows, make) {
    var known = Object.keys(SHAPES);
    return known.concat(["other"]).map(function (level) {
      return make(level, rows.filter(function (row) {
        return level === "other" ? known.indexOf(row.level) < 0 : row.level === level;
      }));
    }).filter(Boolean);
  }

  function use() {
    var rows = mine().filter(function (row) { return row.cmi !== null && row.use_ratio !== null; });
    var most = Math.max.apply(null, rows.map(function (row) { return row.n; }).concat([1]));
    var big = rows.length > 60 ? 12 : 26;
    onClick(draw("use", "use_chart", levels(rows, function (level, some) {
      return some.length ? {
        type: "scatter", mode: "markers", name: word(level),
        x: some.map(function (row) { return row.cmi / 1e4; }), y: some.map(function (row) { return row.use_ratio / 1e4; }),
        marker: {
          color: color(level), symbol: SHAPES[level] || "x", opacity: rows.length > 60 ? 0.6 : 0.8, line: { color: color("card"), width: 1 },
          size: some.map(function (row) { return 6 + big * Math.sqrt(row.n / most); })
        },
        customdata: some.map(function (row) { return row.index; }),
        hovertext: some.map(function (row) {
          return safe(row.name) + "<br>CMI " + grouped(row.cmi, 4) + " · " + word("use_ratio") + " " +
            grouped(row.use_ratio, 2) + "%<br>" + word("stays") + " " + grouped(row.n, 0);
        }),
        hoverinfo: "text"
      } : null;
    }), {
      height: 360, xaxis: { title: { text: "CMI", standoff: 6 } },
      yaxis: { title: { text: word("use_ratio"), standoff: 8 }, tickformat: ".0%" },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, line: { color: color("soft"), dash: "dash" } }],
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, itemsizing: "constant" }
    }), function (event) { choose(event.points[0].customdata, true); });
  }

  function coefficients() {
    draw("coefficients", "coefficient_chart", levels(data.coefficients, function (level, some) {
      return some.length ? {
        type: "box", name: word(level), boxpoints: "all", jitter: 0.5, pointpos: 0, fillcolor: "rgba(0,0,0,0)",
        marker: { color: color(level), symbol: SHAPES[level] || "x", opacity: 0.65 }, line: { color: color(level), width: 1.5 },
        y: some.map(function (row) { return row.value / 1e4; }),
        hovertext: some.map(function (row) { return safe(row.name) + "<br>" + grouped(row.value, 4); }),
        hoverinfo: "text", hoveron: "points"
      } : null;
    }), { height: 360, showlegend: false, yaxis: { title: { text: word("coefficient"), standoff: 8 } } });
  }

  function choose(index, scroll) {
    state.chosen = index;
    statement();
    if (scroll) { $("statement-panel").scrollIntoView({ block: "nearest" }); }
  }

  function statement() {
    if (!$("statement")) { return; }
    var row = data.institutions[state.chosen];
    $("institution").value = String(state.chosen);
    all("#t-institutions tbody tr").forEach(function (tr) {
      tr.classList.toggle("chosen", tr.dataset.index === String(state.chosen));
    });
    $("statement-name").textContent = row ? row.name : "";
    var body = $("t-statement").tBodies[0];
    body.textContent = "";
    if (!row) { Plotly.purge($("statement")); return; }
    data.steps.forEach(function (step) {
      var line = body.insertRow(), name = line.insertCell(), amount = line.insertCell();
      name.textContent = (step.sign < 0 ? "− " : step.measure === "relative" ? "+ " : "") + word(step.key);
      amount.textContent = money(row[step.key]);
      amount.className = "number";
    });
    var steps = data.steps.filter(function (step) { return !step.seldom || row[step.key]; });
    var turn = steps.findIndex(function (step) { return step.key === "settled"; });
    var level = 0, reached = steps.slice(0, turn).map(function (step) { return (level += step.sign * row[step.key]); });
    var low = Math.min.apply(null, reached), high = Math.max.apply(null, reached);
    /* the steps are small beside the amount due: the left axis begins just below them */
    var floor = Math.max(0, low - Math.max(high - low, high / 200) * 0.6);
    draw("statement", "statement_chart", [
      waterfall(row, steps.slice(0, turn + 1), "x", "y"), waterfall(row, steps.slice(turn), "x2", "y2")
    ], {
      height: 330, showlegend: false, margin: { l: 60, r: 16, t: 26, b: 44 },
      xaxis: { domain: [0, 0.63] }, xaxis2: { domain: [0.71, 1], anchor: "y2", linecolor: color("line") },
      yaxis: {
        title: { text: word("chart_unit") }, tickformat: ",",
        range: high > 0 ? [scaled(floor), scaled(high + (high - floor) * 0.15)] : [0, 1]
      },
      yaxis2: { anchor: "x2", gridcolor: color("line"), rangemode: "tozero", tickformat: ",", automargin: true }
    });
  }

  function waterfall(row, steps, xaxis, yaxis) {
    function value(step) { return step.sign * row[step.key] || 0; }
    return {
      type: "waterfall", xaxis: xaxis, yaxis: yaxis,
      measure: steps.map(function (step, i) { return i ? step.measure : "absolute"; }),
      x: steps.map(function (step) { return word(step.key); }),
      y: steps.map(function (step) { return scaled(value(step)); }),
      text: steps.map(function (step) {
        return (step.measure === "relative" && value(step) > 0 ? "+" : "") +
          scaled(value(step)).toLocaleString("en-US", { maximumFractionDigits: 1 });
      }),
      /* what was paid hangs down to the axis: its figure stands inside */
      textposition: steps.map(function (step) { return step.key === "paid_in_months" ? "inside" : "outside"; }),
      insidetextanchor: "middle", insidetextfont: { color: color("card") }, cliponaxis: false, hoverinfo: "text",
      hovertext: steps.map(function (step) { return word(step.key) + " " + money(value(step)); }),
      increasing: { marker: { color: color("surplus") } }, decreasing: { marker: { color: color("overspend") } },
      totals: { marker: { color: color("total") } }, connector: { line: { color: color("soft"), width: 1, dash: "dot" } }
    };
  }

  function groups() {
    var rows = data.groups.filter(function (row) { return row.n > 0 && row.mean_cost > 0; });
    var scale = state.lang === "zh" ? 1e6 : 1e5;
    draw("groups-chart", "group_chart", [{
      type: "scatter", mode: "markers", x: rows.map(function (row) { return row.n; }),
      y: rows.map(function (row) { return row.mean_cost / scale; }),
      marker: {
        size: 9, colorscale: "Cividis", reversescale: true, cmin: 0, cmax: 1.5,
        symbol: rows.map(function (row) { return row.stable ? "circle" : "x"; }),
        color: rows.map(function (row) { return row.cv === null ? 1.5 : row.cv / 1e4; }),
        line: { color: color("soft"), width: 0.6 }, colorbar: { title: { text: "CV" }, thickness: 12 }
      },
      hovertext: rows.map(function (row) {
        return safe(row.drg) + " " + short(row.name, 30) + "<br>" + money(row.mean_cost) + " · " + word("stays") + " " +
          grouped(row.n, 0) + "<br>CV " + (row.cv === null ? "–" : grouped(row.cv, 4)) + " · " + word("base_points") + " " +
          (row.base_points === null ? "–" : grouped(row.base_points, 4));
      }),
      hoverinfo: "text"
    }], {
      height: 400, xaxis: { type: "log", title: { text: word("stays") }, tickformat: ",", dtick: "D2" },
      yaxis: { type: "log", title: { text: withUnit("mean_cost") }, tickformat: ",", dtick: "D2" }
    });
  }

  function render() {
    root.lang = state.lang === "zh" ? "zh-CN" : "en";
    all("[data-zh]").forEach(function (node) {
      ["aria-label", "placeholder"].forEach(function (name) {
        if (node.hasAttribute(name)) { node.setAttribute(name, node.dataset[state.lang]); }
      });
    });
    all("[data-choose]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.choose === state.scheme));
    });
    var together = state.scheme === "together";
    all("tr[data-scheme]").forEach(function (node) {
      node.hidden = !together && node.dataset.scheme !== state.scheme;
    });
    all("#institution option").forEach(function (node) { node.hidden = node.dataset.scheme !== state.scheme; });
    var row = data.institutions[state.chosen];
    if (!row || row.scheme !== state.scheme) {
      var same = mine().filter(function (other) { return row && other.id === row.id; })[0];
      var first = same || mine().filter(function (other) { return other.n; })[0] || mine()[0];
      state.chosen = first ? first.index : null;
    }
    flows(); if (data.months.length) { months(); }
    balances(); use(); coefficients(); statement(); groups();
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
      var order = typeof x === "number" ? (x < y ? -1 : x > y ? 1 : 0) : x.localeCompare(y, "zh");
      return down ? -order : order;
    }).forEach(function (tr) { body.appendChild(tr); });
  }

  document.addEventListener("click", function (event) {
    var sorter = event.target.closest("th button"), chosen = event.target.closest("td button");
    var scheme = event.target.closest("[data-choose]");
    if (sorter) { sort(sorter.closest("th")); }
    if (chosen) { choose(Number(chosen.closest("tr").dataset.index), true); }
    if (scheme) { state.scheme = scheme.dataset.choose; render(); }
  });
  $("language").addEventListener("click", function () {
    state.lang = state.lang === "zh" ? "en" : "zh";
    render();
  });
  if ($("institution")) {
    $("institution").addEventListener("change", function (event) { choose(Number(event.target.value), false); });
  }
  if ($("search")) {
    $("search").addEventListener("input", function (event) {
      var wanted = event.target.value.trim().toLowerCase();
      all("#t-groups tbody tr").forEach(function (tr) {
        tr.hidden = tr.textContent.toLowerCase().indexOf(wanted) < 0;
      });
    });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  var opened = [], before = state.scheme;
  window.addEventListener("beforeprint", function () {
    root.dataset.theme = "light";
    document.body.classList.add("printing");
    /* long tables are for the workbook: a page of paper shows what a reader takes in */
    opened = all("details").filter(function (node) {
      return !node.open && !node.querySelector("#t-coefficients") && node.querySelectorAll("tbody tr").length <= 40;
    });
    before = state.scheme;
    if ($("t-institutions") && data.schemes.length > 1) { state.scheme = "together"; }
    opened.forEach(function (node) { node.open = true; });
    render();
  });
  window.addEventListener("afterprint", function () {
    root.dataset.theme = "auto";
    document.body.classList.remove("printing");
    opened.forEach(function (node) { node.open = false; });
    state.scheme = before;
    render();
  });
  render();
})();
