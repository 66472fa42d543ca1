/** The version of this pullpass, as its package says it; loaded only where somebody asks. */
import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version
