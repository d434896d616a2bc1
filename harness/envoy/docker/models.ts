// One model server for the docker harness: models.ts NAME PORT.
import { startModelServer } from "../../providers/server.ts";

const [name = "models", port = "8000"] = process.argv.slice(2);
const server = await startModelServer({ name, port: Number(port), host: "0.0.0.0" });
console.log(`${name} answers on port ${port}`);
// The server keeps no process alive by itself.
const alive = setInterval(() => undefined, 1 << 30);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    clearInterval(alive);
    void server.stop();
  });
}
