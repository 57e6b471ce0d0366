import { Button, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "../api/client";
import { useSession } from "../api/queries";
import { useText } from "../text/text";
import { Icon } from "./icon";

/** Who you are: a name, which what you make belongs to. */
export function UserMenu() {
  const { t } = useText();
  const user = useSession().data?.user ?? "";
  const [open, set_open] = useState(false);
  return (
    <Popover opened={open} onChange={set_open} position="bottom-end" shadow="md" trapFocus withinPortal>
      <Popover.Target>
        <UnstyledButton className="top-link" onClick={() => set_open(!open)} data-testid="user">
          <Icon name="user" />
          {user || t("user.log_in")}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown maw={320}>
        <UserForm key={user} user={user} close={() => set_open(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function UserForm({ user, close }: { user: string; close: () => void }) {
  const { t, said_error } = useText();
  const queries = useQueryClient();
  const [name, set_name] = useState(user);
  const say = useMutation({
    mutationFn: async (wanted: string) => {
      if (wanted !== "") return answer(client.PUT("/session", { body: { user: wanted } }));
      await client.DELETE("/session");
      return { user: "" };
    },
    onSuccess: (session) => {
      queries.setQueryData(["session"], session);
      close();
    },
  });
  return (
    <Stack
      gap="sm"
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") say.mutate(name.trim());
      }}
    >
      <TextInput
        data-autofocus
        label={t("user.name")}
        description={t("user.name.help")}
        autoComplete="username"
        maxLength={64}
        value={name}
        onChange={(event) => set_name(event.currentTarget.value)}
        error={say.error ? said_error(say.error) : undefined}
      />
      <Button type="submit" size="xs" disabled={name.trim() === "" || name.trim() === user} loading={say.isPending}>
        {t("user.log_in")}
      </Button>
      {user !== "" && (
        <Button size="xs" variant="default" onClick={() => say.mutate("")}>
          {t("user.log_out")}
        </Button>
      )}
      <Text size="xs" c="dimmed">
        {t("user.rule")}
      </Text>
    </Stack>
  );
}
