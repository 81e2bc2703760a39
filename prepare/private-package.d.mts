export function installPrivatePackage(folder: string): void
