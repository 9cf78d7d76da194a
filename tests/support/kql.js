// Reads KQL queries as a JSON list on stdin; prints for each what Microsoft's parser and its analysis of
// names and types object to. The first argument is the folder of the parser.
const fs = require("fs");
const folder = process.argv[2];
require(folder + "/bridge.min.js");
require(folder + "/Kusto.Language.Bridge.min.js");
const { KustoCode, GlobalState, Symbols } = Kusto.Language;

// The columns of Azure Monitor's tables that the queries may use (Azure docs, resource-based tables).
const tables = {
  AppTraces:
    "(TimeGenerated: datetime, Message: string, SeverityLevel: int, OperationId: string, Properties: dynamic)",
  AppMetrics:
    "(TimeGenerated: datetime, Name: string, Sum: real, Min: real, Max: real, ItemCount: int, Properties: dynamic)",
  AppDependencies:
    "(TimeGenerated: datetime, Name: string, DurationMs: real, Success: bool, Properties: dynamic)",
  AppRequests:
    "(TimeGenerated: datetime, Name: string, DurationMs: real, Success: bool, OperationId: string, Properties: dynamic)",
};
const symbols = Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, null));
const database = new Symbols.DatabaseSymbol.$ctor1("workspace", symbols, false);
const globals = GlobalState.Default.WithDatabase(database);

const said = JSON.parse(fs.readFileSync(0, "utf8")).map((query) => {
  const found = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, i) => found.getItem(i)).map((one) => `${one.Code}: ${one.Message}`);
});
process.stdout.write(JSON.stringify(said));
