/**
 * Installs moto's server, a third-party emulator of AWS: https://docs.getmoto.org/en/latest/docs/server_mode.html. Run as a script it
 * prints its folder; the command is `bin/python -m moto.server`.
 */
import { pythonEnvironment } from './python-environment.ts'

export const installMoto = (): Promise<string> => pythonEnvironment('moto', 'moto[server]==5.2.5')

if (import.meta.main) console.log(await installMoto())
