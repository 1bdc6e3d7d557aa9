package learnflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Brings a cluster's defaults and topics to what a file asks: {@code Topics BOOTSTRAP FILE BROKERS
 * SECONDS}, where SECONDS limits the wait for BROKERS to be there.
 *
 * <p>The file is JSON: {"defaults": {key: value}, "topics": [{name, partitions, replicationFactor,
 * config}]}. Defaults are set for all brokers at once, which is the only place where Kafka takes
 * min.insync.replicas from since eligible leader replicas (KIP-966). Missing topics are created,
 * partitions added, configurations set. What would lose data is refused: nothing is ever deleted,
 * partitions are not reduced, and replicas are not moved.
 */
public final class Topics {
    /** Exit code for what no retry changes. */
    private static final int REFUSED = 2;

    private final Admin admin;
    private final List<String> refused = new ArrayList<>();

    private Topics(Admin admin) {
        this.admin = admin;
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode wanted = new ObjectMapper().readTree(Files.readString(Path.of(arguments[1])));
        int brokers = Integer.parseInt(arguments[2]);
        Duration limit = Duration.ofSeconds(Long.parseLong(arguments[3]));
        Map<String, Object> client = Map.of(
                "bootstrap.servers", arguments[0],
                "default.api.timeout.ms", String.valueOf(limit.toMillis()),
                "request.timeout.ms", "10000",
                "reconnect.backoff.max.ms", "250");
        try (Admin admin = Admin.create(client)) {
            Topics topics = new Topics(admin);
            topics.awaitBrokers(brokers, Instant.now().plus(limit));
            topics.configure(ConfigResource.Type.BROKER, "", settings(wanted.path("defaults")));
            for (JsonNode topic : wanted.path("topics")) {
                topics.ensure(topic);
            }
            topics.refused.forEach(System.out::println);
            System.exit(topics.refused.isEmpty() ? 0 : REFUSED);
        } catch (ExecutionException failure) {
            System.out.println("Topics were not made: " + failure.getCause());
            System.exit(1);
        }
    }

    /** A topic can have as many replicas as there are brokers, and they start at their own pace. */
    private void awaitBrokers(int wanted, Instant deadline) throws Exception {
        while (admin.describeCluster().nodes().get().size() < wanted && Instant.now().isBefore(deadline)) {
            Thread.sleep(200);
        }
    }

    private void ensure(JsonNode topic) throws Exception {
        String name = topic.get("name").asText();
        Map<String, String> config = settings(topic.path("config"));
        Optional<TopicDescription> found = describe(name);
        if (found.isEmpty()) {
            create(name, topic, config);
        } else {
            grow(found.get(), topic.path("partitions"));
            checkReplicas(found.get(), topic.path("replicationFactor"));
            configure(ConfigResource.Type.TOPIC, name, config);
        }
    }

    private Optional<TopicDescription> describe(String name) throws Exception {
        try {
            return Optional.of(admin.describeTopics(List.of(name)).allTopicNames().get().get(name));
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof UnknownTopicOrPartitionException) {
                return Optional.empty();
            }
            throw failure;
        }
    }

    private void create(String name, JsonNode topic, Map<String, String> config) throws Exception {
        Optional<Integer> partitions = number(topic.path("partitions"));
        Optional<Short> replicas = number(topic.path("replicationFactor")).map(Integer::shortValue);
        admin.createTopics(List.of(new NewTopic(name, partitions, replicas).configs(config))).all().get();
        System.out.println(name + ": created");
    }

    private void grow(TopicDescription found, JsonNode wanted) throws Exception {
        int have = found.partitions().size();
        int want = number(wanted).orElse(have);
        if (want > have) {
            admin.createPartitions(Map.of(found.name(), NewPartitions.increaseTo(want))).all().get();
            System.out.println(found.name() + ": " + have + " to " + want + " partitions");
        } else if (want < have) {
            refused.add(found.name() + ": has " + have + " partitions and Kafka cannot reduce them to "
                    + want + "; set partitions to " + have + ", or use another topic");
        }
    }

    private void checkReplicas(TopicDescription found, JsonNode wanted) {
        int have = found.partitions().get(0).replicas().size();
        int want = number(wanted).orElse(have);
        if (want != have) {
            refused.add(found.name() + ": has replication factor " + have + ", not " + want
                    + "; move it with kafka-reassign-partitions.sh, or set replicationFactor to " + have);
        }
    }

    private void configure(ConfigResource.Type type, String name, Map<String, String> wanted) throws Exception {
        if (wanted.isEmpty()) {
            return;
        }
        ConfigResource resource = new ConfigResource(type, name);
        var have = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        List<AlterConfigOp> changes = new ArrayList<>();
        wanted.forEach((key, value) -> {
            ConfigEntry entry = have.get(key);
            if (entry == null || !value.equals(entry.value())) {
                changes.add(new AlterConfigOp(new ConfigEntry(key, value), OpType.SET));
            }
        });
        if (!changes.isEmpty()) {
            admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
            System.out.println((name.isEmpty() ? "all brokers" : name) + ": configured " + changes);
        }
    }

    private static Map<String, String> settings(JsonNode object) {
        Map<String, String> found = new HashMap<>();
        object.properties().forEach(entry -> found.put(entry.getKey(), entry.getValue().asText()));
        return found;
    }

    private static Optional<Integer> number(JsonNode value) {
        return value.isInt() ? Optional.of(value.asInt()) : Optional.empty();
    }
}
