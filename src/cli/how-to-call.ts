/** An installed package has no npm scripts. */
const installed = import.meta.url.includes('/node_modules/')

/** How a person invokes the command line. */
export const commandPrefix = installed ? 'npx tokenbus' : 'npm run tokenbus --'
export const devCommand = installed ? 'npx tokenbus dev' : 'npm start'
