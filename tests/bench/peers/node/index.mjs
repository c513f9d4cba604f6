// The validation hook as AWS's tutorial has it, on SDK v3: one request to the test listener, then the report.
import { CodeDeployClient, PutLifecycleEventHookExecutionStatusCommand } from "@aws-sdk/client-codedeploy";

const codedeploy = new CodeDeployClient({});

export const handler = async (event) => {
  let status = "Failed";
  try {
    const answer = await fetch(process.env.TEST_LISTENER);
    await answer.text();
    if (answer.status === 200) status = "Succeeded";
  } catch (error) {
    console.error("the test listener could not be asked", error);
  }
  await codedeploy.send(
    new PutLifecycleEventHookExecutionStatusCommand({
      deploymentId: event.DeploymentId,
      lifecycleEventHookExecutionId: event.LifecycleEventHookExecutionId,
      status,
    }),
  );
  return status;
};
