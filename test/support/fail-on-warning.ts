// Imported first by every test process that scripts/test starts: a warning of Node (a deprecation, a leak of listeners)
// fails the test file in which it came up.

process.on('warning', (warning) => {
  throw warning;
});
