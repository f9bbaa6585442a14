"""The style of pages, on paper, on a telephone, by day and by night."""

CSS = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --ink: #191d23; --soft: #59626e; --line: #dfe3e8;
  --granted: #17784a; --granted-soft: #d9f0e4; --refused: #b3302a; --refused-soft: #fae0dd; --neutral: #7b8592;
  --warn: #fff4d6; --warn-line: #d9a514; --warn-ink: #5c4300; }
@media (prefers-color-scheme: dark) { :root { --page: #101317; --card: #191e24; --ink: #e8ebef; --soft: #9ba5b1;
  --line: #2e353e; --granted: #4cc38a; --granted-soft: #1b4632; --refused: #ff7b70; --refused-soft: #592824;
  --neutral: #8994a1; --warn: #2e2610; --warn-line: #b98c12; --warn-ink: #f2d891; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2.5rem 1.25rem 3rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; }
.eyebrow { margin: 0; color: var(--soft); font-size: .875rem; letter-spacing: .02em; }
h1 { margin: .15rem 0 1rem; font-size: clamp(1.75rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.125rem; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 0 0 1.25rem; }
dt { color: var(--soft); font-size: .8125rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.warning { margin: 0; padding: .75rem 1rem; border-left: 4px solid var(--warn-line); border-radius: 0 8px 8px 0;
  background: var(--warn); color: var(--warn-ink); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.scroll { overflow-x: auto; padding: 1rem 1rem .75rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0 1rem 1rem; color: var(--soft);
  font-size: .8125rem; }
.legend svg { width: 1.75rem; height: .75rem; margin-right: .4rem; }
.timeline { display: block; width: 100%; min-width: 42rem; font-size: 12px; }
.timeline text { fill: var(--ink); }
.timeline .row { fill: var(--soft); font-weight: 600; }
.timeline .tick, .timeline .hint { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.timeline .wall { opacity: .75; }
.grid { stroke: var(--line); }
.threshold { fill: none; stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 5 4; opacity: .65; }
.score { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.score.granted { stroke: var(--granted); } .score.refused { stroke: var(--refused); }
.score.undecided { stroke: var(--neutral); }
.band rect { fill: var(--line); } .band.granted rect { fill: var(--granted-soft); }
.band.refused rect { fill: var(--refused-soft); } .band text { font-size: 11px; }
.locked { fill: var(--neutral); opacity: .45; } .open rect { fill: var(--granted); }
.timeline .open text { fill: var(--card); font-size: 11px; font-weight: 600; }
.moment { stroke-width: 1.25; stroke-dasharray: 2 3; } .marker text { font-weight: 600; }
.moment.granted { stroke: var(--granted); } .moment.refused { stroke: var(--refused); }
.granted circle { fill: var(--granted); } .marker.refused rect, .pill.refused rect { fill: var(--refused); }
.stroke { fill: none; stroke: var(--card); stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
.decision { display: flex; gap: 1.5rem; margin-bottom: 1rem; padding: 1rem; scroll-margin-top: 1rem;
  break-inside: avoid; }
.decision:target { outline: 2px solid var(--neutral); }
.decision img, .blank { flex: none; width: 13.5rem; height: 13.5rem; border-radius: 8px; background: var(--page); }
.blank { display: grid; place-items: center; padding: 1rem; color: var(--soft); font-size: .875rem;
  text-align: center; }
.decision > div { flex: 1; min-width: 0; }
.pill { display: inline-flex; align-items: center; gap: .45rem; font-weight: 600; font-size: .9375rem; }
.pill svg { width: 1.25rem; height: 1.25rem; }
.pill.granted { color: var(--granted); } .pill.refused { color: var(--refused); }
.number { color: var(--soft); font-weight: 400; }
h3 { margin: .2rem 0 .1rem; font-size: 1.375rem; line-height: 1.25; overflow-wrap: anywhere; }
.why { margin: 0 0 .75rem; color: var(--soft); }
.meter { display: block; width: 100%; max-width: 28rem; height: auto; margin-bottom: .5rem; font-size: 12px; }
.meter .track { fill: var(--line); } .meter .enough { fill: var(--granted); opacity: .35; }
.meter circle { stroke: var(--card); stroke-width: 3; } .meter circle.granted { fill: var(--granted); }
.meter circle.refused { fill: var(--refused); } .meter text { fill: var(--ink); font-variant-numeric: tabular-nums; }
.meter .need { stroke: var(--ink); stroke-width: 2; } .meter .hint { fill: var(--soft); }
.details { display: flex; flex-wrap: wrap; gap: .4rem 1.75rem; margin: 0; font-size: .9375rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top; }
tr:last-child td { border-bottom: 0; } th { color: var(--soft); font-size: .8125rem; font-weight: 600; }
td { font-variant-numeric: tabular-nums; } td:last-child { color: var(--soft); font-size: .8125rem; }
footer { margin-top: 2rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) { body { padding: 1.5rem .875rem 2rem; } .decision { flex-direction: column; }
  .decision img, .blank { width: 100%; height: auto; aspect-ratio: 1; } }
@media print { body { padding: 0; background: none; } .card { border-color: #ccc; } }
"""
