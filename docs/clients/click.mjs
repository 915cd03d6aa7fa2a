// Does what a reader of the page of the React example does: looks at it, clicks, and looks again.
const root = document.getElementById("root");

// until waits until the page meets a condition.
const until = (holds) =>
  new Promise((resolve) => {
    const look = () => {
      if (!holds()) return;
      observer.disconnect();
      resolve();
    };
    const observer = new MutationObserver(look);
    observer.observe(root, { childList: true, subtree: true, characterData: true });
    look();
  });

export async function show() {
  await until(() => root.querySelector("button"));
  console.log(root.innerText);
  root.querySelector("button").click();
  await until(() => !root.querySelector("button"));
  console.log("\n" + root.innerText);
}
