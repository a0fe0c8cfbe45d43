/** Ends the run with one line that machines can read: `N passed, N failed`, counted by jest. */
export default class CountReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    // A file that can not be loaded has no tests to count, and is a failure all the same.
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
