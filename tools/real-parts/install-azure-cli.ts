/**
 * Installs the Azure CLI: https://learn.microsoft.com/cli/azure/reference-index. Run as a script it prints its folder; the command is
 * `bin/python -m azure.cli`.
 */
import { pythonEnvironment } from './python-environment.ts'

export const installAzureCli = (): Promise<string> => pythonEnvironment('azure-cli', 'azure-cli==2.91.0')

if (import.meta.main) console.log(await installAzureCli())
