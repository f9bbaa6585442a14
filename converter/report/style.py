"""The look of the converter's report: the house style, and what tables and charts of it need besides."""

from edgegate.pages.style import CSS as HOUSE

CSS = (
    HOUSE
    + """
.lead { max-width: 46rem; margin: 0 0 1rem; }
.verdict { margin: 0; padding: .75rem 1rem; border-left: 4px solid var(--granted); border-radius: 0 8px 8px 0;
  background: var(--granted-soft); }
.verdict.failed { border-color: var(--refused); background: var(--refused-soft); }
.verdict ul { margin: .4rem 0 0; padding-left: 1.2rem; }
td.n { white-space: nowrap; } td.n, th.n { text-align: right; padding-right: 0; padding-left: .75rem; }
td:last-child { color: inherit; font-size: inherit; }
tr.chosen td { font-weight: 600; } td.miss { color: var(--refused); font-weight: 600; }
.hint { color: var(--soft); font-size: .875rem; }
.card > p { margin: 0; padding: .9rem 1rem; } .scroll > p { padding: .5rem 0; margin: 0; }
.big { font-size: 1.75rem; font-weight: 600; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
.columns .card { padding: 1rem; }
.columns .card p { margin: 0; padding: 0; }
.chart { display: block; width: 100%; max-width: 40rem; height: auto; font-size: 12px; }
.chart text { fill: var(--soft); font-variant-numeric: tabular-nums; } .chart .bar { fill: var(--neutral); }
.chart .bar.good { fill: var(--granted); } .chart line { stroke: var(--line); }
.matrix { max-width: 34rem; } .matrix .cell { stroke: var(--card); stroke-width: 2; }
.matrix .right { fill: var(--granted); } .matrix .wrong { fill: var(--refused); } .matrix .none { fill: var(--line); }
.matrix text { fill: var(--ink); } .matrix .strong { fill: var(--card); font-weight: 600; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
.examples figure { margin: 0; padding: .6rem; } .examples img { display: block; width: 100%; height: auto;
  border-radius: 6px; } .examples figcaption { padding: .5rem .1rem 0; font-size: .875rem; }
.examples .bad { color: var(--refused); font-weight: 600; }
"""
)
