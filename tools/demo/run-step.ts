/** One step of the demo: prints its title, its output and its duration. */
import { styleText } from 'node:util'

let count = 0

/** Prints `title` and the lines that `run` prints. If a step fails, the process exits with code 1. */
export async function runStep<Value>(
  title: string,
  run: (print: (line: string) => void) => Promise<Value>,
): Promise<Value> {
  count += 1
  const startedAt = performance.now()
  console.log(`\n${styleText('bold', `${count}. ${title}`)}`)
  const took = () => `${((performance.now() - startedAt) / 1000).toFixed(2)} s`
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

/** Ends the demo: later steps depend on the failed one. */
export class StepFailed extends Error {}
