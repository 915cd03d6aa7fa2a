import "./build/wasm_exec.js";
import module from "./build/app.wasm";
import { worker } from "../../edge/runtime.mjs";

export default worker(module);
