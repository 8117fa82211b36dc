/* Draws the plots of partials/_chart.html from their json_script. Tokens of ui.css; SVG; no
   animation; direct labels instead of a legend where there are at most two lines. */
(function () {
  "use strict";

  if (!window.echarts) return;
  const css = getComputedStyle(document.documentElement);
  function token(name) { return css.getPropertyValue(name).trim(); }

  const C = {
    ink: token("--ink"), ink2: token("--ink-2"), ink3: token("--ink-3"), line: token("--line-2"),
    grid: token("--grey-l"), blue: token("--blue"), tint: token("--blue-m"), field: token("--line-field"),
    amber: token("--amber"), dot: token("--amber-dot"), surface: token("--surface"),
  };
  const TINTS = [C.blue, "#9dbbe0", "#5f8fca", "#c4d6ed", "#123a70", "#7ea6d6", "#dbe7f5"];
  const FONT = token("--font");
  const TEXT = { color: C.ink2, fontFamily: FONT, fontSize: 12 };

  function axisLine(show) {
    return { axisLine: { show: show, lineStyle: { color: C.line } }, axisTick: { show: false }, axisLabel: TEXT };
  }
  function split() { return { splitLine: { lineStyle: { color: C.grid } }, axisLabel: TEXT }; }
  function base(extra) {
    return Object.assign({ animation: false, textStyle: { fontFamily: FONT } }, extra);
  }
  function format(value, places) {
    return value === null || value === undefined ? "—" :
      Number(value).toLocaleString("zh-CN", { minimumFractionDigits: places, maximumFractionDigits: places });
  }
  /* Richtext is drawn inside the SVG: a tooltip of HTML would need inline styles. */
  function tooltip(data, trigger) {
    return {
      trigger: trigger, renderMode: "richText", confine: true, transitionDuration: 0,
      backgroundColor: C.surface, borderColor: C.line, borderWidth: 1, padding: [6, 10],
      textStyle: { color: C.ink, fontFamily: FONT, fontSize: 12 }, extraCssText: "",
      axisPointer: { type: "line", lineStyle: { color: C.field, width: 1, type: "solid" }, animation: false },
      formatter: function (items) {
        const list = Array.isArray(items) ? items : [items];
        const label = list.length ? list[0].name : "";
        const lines = list.map(function (item) {
          const value = Array.isArray(item.value) ? item.value[0] : item.value;
          return item.seriesName + "  " + format(value, data.places);
        });
        return [label].concat(lines).join("\n");
      },
    };
  }
  function low(data) { return data.low === null ? undefined : data.low; }
  function high(data) { return data.high === null ? undefined : data.high; }
  function step(data) { return data.step === null ? undefined : data.step; }

  function bars(data, width) {
    const last = data.labels.length - 1;
    const many = data.series.length > 1;
    const totals = data.labels.map(function (_, i) {
      return data.series.reduce(function (sum, s) { return sum + (s.values[i] || 0); }, 0);
    });
    const needed = data.labels.reduce(function (sum, label) {
      return sum + label.replace(/[\u4e00-\u9fff]/g, "xx").length * 5.8 + 3;
    }, 0);
    const every = Math.ceil(needed / Math.max(width - 64, 60)) - 1;
    return base({
      grid: { left: 8, right: 16, top: 40, bottom: 8, containLabel: true },
      legend: many ? { top: 8, right: 12, itemWidth: 10, itemHeight: 10, icon: "rect", textStyle: TEXT, selectedMode: false } : undefined,
      tooltip: tooltip(data, "axis"),
      xAxis: Object.assign({ type: "category", data: data.labels }, axisLine(true),
        { axisLabel: Object.assign({}, TEXT, { interval: Math.max(every, 0), fontSize: 11 }) }),
      yAxis: Object.assign({ type: "value", min: 0, max: high(data), interval: step(data) }, split()),
      series: data.series.map(function (s, k) {
        const top = k === data.series.length - 1;
        return {
          name: s.name, type: "bar", stack: "all", barMaxWidth: 20, cursor: "default",
          itemStyle: { color: TINTS[k % TINTS.length], borderRadius: top ? [2, 2, 0, 0] : 0 },
          emphasis: { disabled: true }, data: s.values,
          label: top && data.showLast ? {
            show: true, position: "top", color: C.ink, fontWeight: 600, fontSize: 12,
            formatter: function (p) { return p.dataIndex === last ? format(totals[last], data.places) : ""; },
          } : undefined,
        };
      }),
    });
  }

  function line(data) {
    const direct = data.series.length <= 2;
    function lastOf(s) { return s.values.filter(function (v) { return v !== null; }).pop(); }
    const longest = Math.max.apply(null, data.series.map(function (s) {
      return s.name.length * 13 + (s.quiet || !data.showLast ? 0 : format(lastOf(s), data.places).length * 8);
    }));
    return base({
      grid: { left: 8, right: direct ? Math.min(28 + longest, 170) : 24, top: 26, bottom: 8, containLabel: true },
      legend: direct ? undefined : { top: 0, right: 12, itemWidth: 14, itemHeight: 2, icon: "rect", textStyle: TEXT, selectedMode: false },
      tooltip: tooltip(data, "axis"),
      xAxis: Object.assign({ type: "category", boundaryGap: false, data: data.labels }, axisLine(true),
        { axisLabel: Object.assign({}, TEXT, { hideOverlap: true }) }),
      yAxis: Object.assign({ type: "value", min: low(data), max: high(data), interval: step(data), scale: data.low === null }, split()),
      series: data.series.map(function (s, k) {
        const color = s.quiet ? C.field : TINTS[k % TINTS.length];
        const value = lastOf(s);
        return {
          name: s.name, type: "line", data: s.values, cursor: "default", connectNulls: true,
          symbol: s.quiet ? "none" : "circle", symbolSize: 6, showAllSymbol: true,
          lineStyle: { color: color, width: s.quiet ? 1.5 : 2, type: s.quiet ? "dashed" : "solid" },
          itemStyle: { color: color }, emphasis: { disabled: true },
          endLabel: direct ? {
            show: true, color: s.quiet ? C.ink3 : C.blue, fontWeight: s.quiet ? 400 : 600, fontSize: 12, lineHeight: 18, distance: 8,
            formatter: function () { return s.name + (s.quiet || !data.showLast ? "" : " " + format(value, data.places)); },
          } : undefined,
          labelLayout: direct ? { moveOverlap: "shiftY" } : undefined,
        };
      }),
    });
  }

  function dots(data) {
    const names = data.labels.slice().reverse();
    const values = data.series[0].values.slice().reverse();
    const start = data.low === null ? 0 : data.low;
    return base({
      grid: { left: 8, right: 52, top: 24, bottom: 8, containLabel: true },
      tooltip: tooltip(data, "item"),
      xAxis: Object.assign({ type: "value", min: start, max: high(data), interval: step(data) }, split()),
      yAxis: Object.assign({ type: "category", data: names }, axisLine(false),
        { axisLabel: Object.assign({}, TEXT, { interval: 0 }) }),
      series: [
        { name: data.series[0].name, type: "bar", barWidth: 2, silent: true, itemStyle: { color: C.tint }, emphasis: { disabled: true }, data: values, tooltip: { show: false } },
        {
          name: data.series[0].name, type: "scatter", z: 9, symbolSize: 10, cursor: "default", emphasis: { disabled: true },
          data: values.map(function (v, i) {
            const below = data.mark !== null && v !== null && v < data.mark;
            return { name: names[i], value: [v, i], itemStyle: { opacity: 1, color: below ? C.dot : C.blue } };
          }),
          label: {
            show: true, position: "right", distance: 6, color: C.ink, fontSize: 12, backgroundColor: C.surface, padding: [0, 3],
            formatter: function (p) { return format(p.value[0], data.places); },
          },
          markLine: data.mark === null ? undefined : {
            silent: true, z: 3, symbol: "none", animation: false,
            lineStyle: { color: C.amber, type: "dashed", width: 1 },
            label: { formatter: data.markLabel || String(data.mark), color: C.amber, fontSize: 11, position: "end", distance: 3 },
            data: [{ xAxis: data.mark }],
          },
        },
      ],
    });
  }

  const KINDS = { bars: bars, line: line, dots: dots };

  function draw(box) {
    const source = document.getElementById(box.dataset.chart);
    if (!source) return;
    const data = JSON.parse(source.textContent);
    const plot = window.echarts.init(box, null, { renderer: "svg" });
    function paint() { plot.setOption(KINDS[data.kind](data, box.clientWidth), true); }
    paint();
    let waiting = 0;
    new ResizeObserver(function () {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(function () {
        if (!box.clientWidth) return;
        plot.resize();
        paint();
      });
    }).observe(box);
  }

  function drawAll(scope) {
    scope.querySelectorAll("[data-chart]").forEach(function (box) {
      if (box.dataset.drawn) return;
      box.dataset.drawn = "1";
      draw(box);
    });
  }
  drawAll(document);
  document.addEventListener("htmx:afterSwap", function (event) { drawAll(event.target); });
})();
