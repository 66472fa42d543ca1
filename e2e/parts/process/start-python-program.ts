/** Command line programs in Python of which a test runs many commands: most of the CPU time of a command is loading modules. */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installPythonProgram } from '../../../tools/real-parts/install-python-programs.ts'
import type { RealPart } from '../real-part.ts'
import { runProgram } from './run-program.ts'
import { startPart } from './start-part.ts'
import { waitUntil } from './wait-until.ts'

export interface PythonProgram extends RealPart {
  /** The executable, to be run like the program itself. */
  readonly file: string
}

interface PythonModule {
  /** Of the executable. */
  readonly name: string
  /** The interpreter, and its options. */
  readonly python: readonly [string, ...string[]]
  /** Has the function `main` of the program. */
  readonly module: string
  /** Where modules are, in addition to those of the interpreter. */
  readonly folders?: readonly string[]
  /** Of each run, in addition to its own ones. */
  readonly environment?: Readonly<Record<string, string>>
}

const script = join(import.meta.dirname, 'python-program.py')

/** Loads the program once, with a home folder of its own. */
export const startPythonProgram = ({
  name,
  python,
  module,
  folders = [],
  environment = {},
}: PythonModule): Promise<PythonProgram> =>
  startPart(`python-${name}`, async ({ folder, start }) => {
    const [interpreter, ...options] = python
    const [socket, file] = [join(folder, 'socket'), join(folder, name)]
    const settings = { HOME: folder, ...environment }
    const { ended } = start(interpreter, [...options, script, 'serve', socket, module, ...folders], settings)
    const variables = Object.entries(environment).map(([variable, value]) => `${variable}='${value}' `)
    const command = `'${interpreter}' -IS '${script}' run '${socket}' ${name} "$@"`
    await writeFile(file, `#!/bin/sh\n${variables.join('')}exec ${command}\n`)
    await chmod(file, 0o755)
    const responds = async () => (await runProgram(file, ['--version'])).exitCode === 0 || undefined
    await waitUntil(name, 30_000, responds, ended)
    return { file }
  })

/** The AWS CLI. @throws AbsentPart if it cannot be installed */
export const startAwsCli = async (): Promise<PythonProgram> =>
  await startPythonProgram({
    name: 'aws',
    python: [join(await installPythonProgram('awscli'), 'bin/python')],
    module: 'awscli.clidriver',
  })
