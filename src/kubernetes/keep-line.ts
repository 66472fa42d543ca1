/** The line in use, opened when it is needed and replaced when it is gone; what still drains on an older one is not lost. */
import type { Line } from './line.ts'

export interface KeptLine {
  /** Whoever asks while a line is being opened waits for that one. */
  current(): Promise<Line>
  /** Ends every line, and the requests on them; one that is being opened is given up. */
  end(): Promise<void>
}

interface OpenedLine {
  readonly opening: Promise<Line>
  line?: Line
}

export function keepLine(open: (ended: AbortSignal) => Promise<Line>): KeptLine {
  const ended = new AbortController()
  let kept: OpenedLine | undefined
  let draining: Line[] = []
  return {
    async current() {
      if (kept?.line && kept.line.state() !== 'usable') {
        draining = [...draining, kept.line].filter((line) => line.state() !== 'ended')
        kept = undefined
      }
      if (kept) return await kept.opening
      const fresh: OpenedLine = { opening: open(ended.signal) }
      kept = fresh
      try {
        fresh.line = await fresh.opening
      } catch (error) {
        if (kept === fresh) kept = undefined
        throw error
      }
      return fresh.line
    },
    async end() {
      ended.abort()
      for (const line of draining) line.destroy()
      const line = await kept?.opening.catch(() => undefined) // whoever waits for it is told
      line?.destroy()
    },
  }
}
