/** The style of the status page: one column, readable at 320 px, in the colours that the browser prefers. */
import { createHash } from 'node:crypto'

export const pageStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #57606a; --back: #ffffff; --line: #d0d7de; --good: #1a7f37; --bad: #cf222e; --track: #eaeef2 }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --back: #0d1117; --line: #30363d; --good: #3fb950; --bad: #ff7b72; --track: #21262d } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.4rem; margin: 0 }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.25rem 0 0 }
p { margin: .25rem 0 }
ul { margin: 0; padding-left: 1.25rem }
li { margin: .5rem 0 }
code { font: .9em ui-monospace, monospace }
.quiet { color: var(--quiet) }
.good { color: var(--good) }
.bad { color: var(--bad) }
.state { font-size: 1.25rem; font-weight: 600 }
.credential { margin: .75rem 0 }
svg { display: block; width: 100%; height: 1rem }
.track { fill: var(--track) }
.left { fill: var(--good) }
.over { fill: var(--bad) }
.due { fill: var(--text) }
.rows { display: grid; grid-template-columns: max-content minmax(3rem, 1fr) fit-content(50%); gap: .25rem .75rem; align-items: center; margin: 0 }
.rows dt, .rows dd { margin: 0 }
.rows .count { text-align: right; font-variant-numeric: tabular-nums }
`

/** For the Content-Security-Policy. https://www.w3.org/TR/CSP3/#grammardef-hash-source */
export const pageStyleHash: string = `sha256-${createHash('sha256').update(pageStyle).digest('base64')}`
