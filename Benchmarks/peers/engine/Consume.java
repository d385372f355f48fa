import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import io.debezium.engine.format.KeyValueHeaderChangeEventFormat;
import java.io.FileInputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/**
 * Takes a number of events from the engine, counts them, and prints one JSON line of figures.
 *
 * <p>Argument: the properties of an engine, with `consume.events`, the number of them; and, for latencies,
 * `consume.warm.up`, how many of these are not measured, and `consume.stamp`, the name of the payload's number that
 * tells when the transaction was about to commit, in microseconds since 1970.
 */
public final class Consume {
    public static void main(String[] files) throws Exception {
        Properties properties = new Properties();
        try (FileInputStream input = new FileInputStream(files[0])) {
            properties.load(input);
        }
        Consume consume = new Consume(properties);
        DebeziumEngine<ChangeEvent<String, String>> engine =
            DebeziumEngine.create(KeyValueHeaderChangeEventFormat.of(Json.class, Json.class, Json.class))
                .using(properties)
                .notifying(consume::handle)
                .using((success, message, error) -> consume.end(success ? null : message))
                .build();
        Thread thread = new Thread(engine);
        thread.start();
        consume.ended.await();
        String figures = consume.failure == null ? consume.figures() : null;
        try {
            engine.close();
        } catch (IllegalStateException closed) {
            // It had ended by its own error.
        }
        thread.join(10_000);
        if (figures == null) System.err.println(consume.failure);
        else System.out.println(figures);
        System.exit(figures == null ? 1 : 0);
    }

    private final int expected;
    private final int warmUp;
    private final String stamp;
    private final long[] latencies;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile String failure;
    // Only the engine's thread counts.
    private int events;
    private long first;
    private long last;
    private long lastOfAll;

    private Consume(Properties properties) {
        expected = Integer.parseInt(properties.getProperty("consume.events"));
        warmUp = Integer.parseInt(properties.getProperty("consume.warm.up", "0"));
        String name = properties.getProperty("consume.stamp");
        // The value is JSON text as a JSON string.
        stamp = name == null ? null : "\\\"" + name + "\\\": ";
        latencies = new long[stamp == null ? 0 : expected];
    }

    private void handle(
        List<ChangeEvent<String, String>> batch, DebeziumEngine.RecordCommitter<ChangeEvent<String, String>> committer)
        throws InterruptedException {
        if (events == 0) first = System.nanoTime();
        for (ChangeEvent<String, String> event : batch) {
            if (events < expected) count(event.value());
            committer.markProcessed(event);
        }
        committer.markBatchFinished();
        if (events == expected && lastOfAll == 0) {
            last = System.nanoTime();
            lastOfAll = System.currentTimeMillis();
            end(null);
        }
    }

    private void count(String value) {
        if (stamp != null) latencies[events] = now() - stampOf(value);
        events += 1;
    }

    private void end(String message) {
        if (events < expected) failure = "it ended after " + events + " events: " + message;
        ended.countDown();
    }

    private static long now() {
        java.time.Instant now = java.time.Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }

    private long stampOf(String value) {
        int at = value.indexOf(stamp);
        if (at < 0) throw new IllegalStateException("no " + stamp + " in " + value);
        long number = 0;
        for (int i = at + stamp.length(); Character.isDigit(value.charAt(i)); i++) {
            number = number * 10 + value.charAt(i) - '0';
        }
        return number;
    }

    private String figures() throws Exception {
        double whole = (lastOfAll - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
        double streaming = (last - first) / 1e9;
        String peak = Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM")).findFirst().orElseThrow().replaceAll("\\D", "");
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT,
            "{\"events\": %d, \"seconds\": %.3f, \"seconds_whole\": %.3f, \"events_per_second\": %.0f, "
                + "\"peak_rss_bytes\": %d", events, streaming, whole, events / streaming, Long.parseLong(peak) * 1024));
        if (stamp != null) {
            long[] sorted = Arrays.copyOfRange(latencies, warmUp, expected);
            Arrays.sort(sorted);
            line.append(String.format(Locale.ROOT, ", \"measured\": %d", sorted.length));
            for (String quantile : new String[] {"50", "99", "99.9"}) {
                int index = (int) Math.ceil(Double.parseDouble(quantile) / 100 * sorted.length) - 1;
                line.append(String.format(Locale.ROOT, ", \"p%s_ms\": %.2f", quantile, sorted[index] / 1e3));
            }
            line.append(String.format(Locale.ROOT, ", \"max_ms\": %.2f", sorted[sorted.length - 1] / 1e3));
        }
        return line.append("}").toString();
    }
}
