import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.FileInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Drains one slot per configuration, and writes what a Kafka producer would have sent.
 *
 * <p>Arguments: files NAME.properties, each the properties of an engine, with `record.end.topic`, the topic of the
 * change event that ends it. NAME.json is written beside each: `{"records": [...]}`, and "error" where the connector
 * stopped by one.
 */
public final class Record {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Properties properties = new Properties();
            try (FileInputStream input = new FileInputStream(file)) {
                properties.load(input);
            }
            ObjectNode result = new Record(properties).run();
            Files.writeString(Path.of(file.replaceAll("\\.properties$", ".json")), JSON.writeValueAsString(result));
        }
        System.exit(0);
    }

    private final Properties properties;
    private final Converter key;
    private final Converter value;
    private final HeaderConverter header;
    private final ObjectNode result = JSON.createObjectNode();
    private final ArrayNode records = result.putArray("records");

    private Record(Properties properties) throws Exception {
        this.properties = properties;
        key = converter("key.converter", Converter.class);
        value = converter("value.converter", Converter.class);
        header = converter("header.converter", HeaderConverter.class);
        key.configure(settings("key.converter."), true);
        value.configure(settings("value.converter."), false);
        Map<String, Object> settings = settings("header.converter.");
        settings.put("converter.type", "header");
        header.configure(settings);
    }

    private <T> T converter(String name, Class<T> kind) throws Exception {
        return kind.cast(Class.forName(properties.getProperty(name)).getDeclaredConstructor().newInstance());
    }

    private Map<String, Object> settings(String prefix) {
        Map<String, Object> settings = new java.util.HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith(prefix)) settings.put(name.substring(prefix.length()), properties.getProperty(name));
        }
        return settings;
    }

    private ObjectNode run() throws Exception {
        String endTopic = properties.getProperty("record.end.topic");
        CountDownLatch ended = new CountDownLatch(1);
        DebeziumEngine<RecordChangeEvent<SourceRecord>> engine =
            DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(properties)
                .notifying((batch, committer) -> {
                    for (RecordChangeEvent<SourceRecord> event : batch) {
                        if (event.record().topic().equals(endTopic)) ended.countDown();
                        else if (ended.getCount() > 0) records.add(sent(event.record()));
                        committer.markProcessed(event);
                    }
                    committer.markBatchFinished();
                })
                .using((success, message, error) -> {
                    if (!success && ended.getCount() > 0) result.put("error", rootOf(error, message));
                    ended.countDown();
                })
                .build();
        Thread thread = new Thread(engine);
        thread.start();
        if (!ended.await(60, TimeUnit.SECONDS)) result.put("error", "it did not come to the end in 60 s");
        try {
            engine.close();
        } catch (IllegalStateException closed) {
            // It had ended by its own error.
        }
        thread.join(10_000);
        return result;
    }

    /** What Kafka Connect's WorkerSourceTask does with a record before it gives it to the producer. */
    private ObjectNode sent(SourceRecord record) {
        RecordHeaders headers = new RecordHeaders();
        record.headers().forEach(each -> headers.add(each.key(),
            header.fromConnectHeader(record.topic(), each.key(), each.schema(), each.value())));
        ObjectNode sent = JSON.createObjectNode();
        sent.put("topic", record.topic());
        sent.put("partition", record.kafkaPartition());
        sent.put("timestamp", record.timestamp());
        put(sent, "key", key.fromConnectData(record.topic(), headers, record.keySchema(), record.key()));
        ArrayNode list = sent.putArray("headers");
        headers.forEach(each -> put(list.addObject().put("name", each.key()), "value", each.value()));
        put(sent, "value", value.fromConnectData(record.topic(), headers, record.valueSchema(), record.value()));
        return sent;
    }

    /** UTF-8 as text, other bytes as {"base64": text}, none as null. */
    private static void put(ObjectNode object, String name, byte[] bytes) {
        if (bytes == null) {
            object.putNull(name);
            return;
        }
        try {
            object.put(name, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException binary) {
            object.putObject(name).put("base64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    private static String rootOf(Throwable error, String message) {
        if (error == null) return message;
        while (error.getCause() != null) error = error.getCause();
        return error.getClass().getSimpleName() + ": " + error.getMessage();
    }
}
