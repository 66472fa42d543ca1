/** One step of the demo's story: what happens, what it showed, and how long it took. */
import { styleText } from 'node:util'

let count = 0

/** Prints `title`, then what `act` tells. A step that fails says so, and the process ends with exit code 1. */
export async function runStep<Value>(
  title: string,
  run: (print: (line: string) => void) => Promise<Value>,
): Promise<Value> {
  count += 1
  const begunAt = performance.now()
  console.log(`\n${styleText('bold', `${count}. ${title}`)}`)
  const took = () => `${((performance.now() - begunAt) / 1000).toFixed(2)} s`
  try {
    const value = await run((line) => console.log(`   ${line}`))
    console.log(styleText('green', `   done in ${took()}`))
    return value
  } catch (error) {
    console.log(
      styleText('red', `   FAILED after ${took()}: ${error instanceof Error ? error.message : String(error)}`),
    )
    process.exitCode = 1
    throw new StepFailed(title)
  }
}

/** What follows a failed step cannot be told. */
export class StepFailed extends Error {}
