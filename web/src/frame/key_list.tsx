import { Button, Kbd, Modal, Table } from "@mantine/core";
import { useText } from "../text/text";

/** All keys of the pages. */
export default function KeyList({ close }: { close: () => void }) {
  const { t } = useText();
  const keys = [
    ["Ctrl K", t("keys.jump")],
    ["n d", t("keys.new_dataset")],
    ["n m", t("keys.new_model")],
    ["g h", t("keys.home")],
    ["/", t("keys.filter")],
    ["j  k", t("keys.rows")],
    ["x", t("keys.select")],
    ["Enter", t("keys.open")],
    ["?", t("keys.list")],
  ];
  return (
    <Modal opened onClose={close} title={t("keys.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Table>
        <Table.Tbody>
          {keys.map(([key, what]) => (
            <Table.Tr key={key}>
              <Table.Td>
                <Kbd>{key}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Button mt="md" variant="default" onClick={close}>
        {t("action.close")}
      </Button>
    </Modal>
  );
}
