/**
 * Installs Azurite, Microsoft's emulator of Azure Storage, outside the repository, because it has many packages:
 * https://learn.microsoft.com/azure/storage/common/storage-use-azurite. Run as a script it prints its folder.
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
