import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { answer, client, type DatasetSpec, type ModelSpec } from "../api/client";
import { useSystem } from "../api/queries";
import { Icon } from "../frame/icon";
import { show_problem } from "../jobs/problem_note";
import { useText } from "../text/text";

/** LeNet on MNIST as in Caffe's own example: about 99 % after three passes. */
const epochs = 3;

const steps = [
  ["dataset", "step1"],
  ["model", "step2"],
  ["evaluation", "step3"],
] as const;

/** Where nothing is yet: what to do first. */
export default function Welcome() {
  const { t } = useText();
  return (
    <section className="card welcome">
      <Stack align="flex-start" gap="lg">
        <div>
          <Title order={1}>{t("welcome.title")}</Title>
          <Text c="dimmed" mt={4}>
            {t("welcome.text")}
          </Text>
        </div>
        <ol className="welcome-steps">
          {steps.map(([icon, step]) => (
            <li key={step}>
              <Icon name={icon} />
              <b>{t(`welcome.${step}`)}</b>
              <span className="dimmed">{t(`welcome.${step}.text`)}</span>
            </li>
          ))}
        </ol>
        <Stack gap="xs">
          <TryMnist />
        </Stack>
      </Stack>
    </section>
  );
}

function TryMnist() {
  const { t, said } = useText();
  const navigate = useNavigate();
  const mnist = useSystem().data?.mnist;
  const start = useMutation({
    mutationFn: async (path: string) => {
      const dataset = await answer(
        client.POST("/datasets", {
          body: {
            name: "MNIST",
            spec: {
              source: { type: "mnist", path },
              image: { width: 28, height: 28, channels: 1 },
            } as DatasetSpec,
          },
        }),
      );
      // It waits for its dataset by itself.
      return answer(
        client.POST("/models", {
          body: {
            name: "LeNet on MNIST",
            spec: {
              dataset_id: dataset.id,
              network: { standard: "lenet" },
              epochs,
              solver: { type: "SGD", base_lr: 0.01, lr_policy: "inv", gamma: 0.1, power: 0.75 },
              seed: 1,
            } as ModelSpec,
          },
        }),
      );
    },
    onSuccess: (model) => navigate(`/models/${model.id}`),
    onError: (error) => show_problem(error, t("problem.act"), said),
  });
  return (
    <>
      <Group>
        <Button disabled={!mnist} loading={start.isPending} onClick={() => mnist && start.mutate(mnist)}>
          {t("welcome.mnist")}
        </Button>
        <Button component={Link} to="/train" variant="default" leftSection={<Icon name="folder" />}>
          {t("train.action")}
        </Button>
        <Button component={Link} to="/datasets/new" variant="default">
          {t("dataset.new")}
        </Button>
      </Group>
      {mnist !== undefined && (
        <Text size="sm" c="dimmed">
          {t(mnist ? "welcome.mnist.help" : "welcome.mnist.missing")}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {t("welcome.drop")}
      </Text>
    </>
  );
}
