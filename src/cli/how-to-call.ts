/** Installed as a package there are no npm scripts of ours. */
const installed = import.meta.url.includes('/node_modules/')

/** What stands before a command of ours, for a person to type. */
export const commandPrefix = installed ? 'npx tokenbus' : 'npm run tokenbus --'
export const devCommand = installed ? 'npx tokenbus dev' : 'npm start'
