/**
 * Installs Azurite, Microsoft's own emulator of Azure Storage, outside the tree, since it would double the packages there:
 * https://learn.microsoft.com/azure/storage/common/storage-use-azurite. Run by itself it prints the folder that holds it.
 */
import { cachedFolder } from './cached-folder.ts'
import { runInstaller } from './run-installer.ts'

const requirement = 'azurite@3.35.0'

export const installAzurite = (): Promise<string> =>
  cachedFolder('azurite', [requirement], (folder) => {
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    return runInstaller('npm', ['install', '--prefix', folder, ...quiet, requirement], 'it comes with Node')
  })

if (import.meta.main) console.log(await installAzurite())
