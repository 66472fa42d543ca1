/**
 * The parser and the validators of the Azure CLI accept each command that pullpass prints. None is run: there is no Azure here.
 * https://learn.microsoft.com/cli/azure/reference-index
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { installPythonProgram } from '../../tools/real-parts/install-python-programs.ts'
import { runSuccessfully } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'
import { printedCommands } from './azure-cli/printed-commands.ts'

const start = () =>
  startPart('azure-cli', async ({ folder }) => {
    const python = join(await installPythonProgram('azure-cli'), 'bin/python')
    return {
      /** Those that it does not accept, with its reason. */
      refusedOf: async (commands: readonly string[]): Promise<string[]> => {
        const environment = { AZURE_CONFIG_DIR: folder, AZURE_CORE_COLLECT_TELEMETRY: 'false' }
        const program = join(import.meta.dirname, 'azure-cli/parse-commands.py')
        const output = await runSuccessfully(python, [program], { environment, stdin: `${commands.join('\n')}\n` })
        const results = output.trim().split('\n')
        assert.equal(results.length, commands.length)
        return commands.flatMap((command, index) => {
          const { code, messages } = JSON.parse(results[index] ?? '{}')
          const isAccepted = code === 0 || /^Please run 'az login'/m.test(messages) // some validators send requests
          return isAccepted ? [] : [`${command}: ${code} ${messages}`]
        })
      },
    }
  })

await withRealPart('the Azure CLI', start, ({ refusedOf }) => {
  suite('the Azure CLI', () => {
    test('accepts each command of messages, trust scripts and documentation', async () => {
      const commands = printedCommands()
      const empty = Object.entries(commands).filter(([, found]) => found.length === 0)
      assert.deepEqual(empty, [], 'sources in which no command is found')
      assert.deepEqual(await refusedOf(Object.values(commands).flat()), [])
    })

    test('refuses a flag and a value that do not exist', async () => {
      const wrong = [
        'az identity create --name pullpass --resource-group images --issuer https://issuer.example.com',
        'az acr update --name example --role-assignment-mode abac',
      ]
      assert.equal((await refusedOf(wrong)).length, wrong.length)
    })
  })
})
