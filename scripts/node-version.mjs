// Imported first by every entry point, for its effect: an old Node ends here with one clear line
// and not with a stack from the middle of the work.

const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `This project needs Node 20.19 or newer; this is Node ${process.versions.node} ` +
      `(${process.execPath}). Install a current Node LTS and run the command again.`,
  );
  process.exit(1);
}
