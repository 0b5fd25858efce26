import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;

/**
 * What the Java client does and sees on a cluster, case by case:
 *
 *   java Main NAMESRV PREFIX CLIENTS [REGEX]
 *
 * PREFIX begins the names of all topics and groups; CLIENTS are the programs that run with the same prefix, as
 * `java,go,node`; REGEX chooses cases by id. A line of JSON for each case: id, ok, why when it is not, observed.
 * `observed` holds only what any cluster of one broker must give: nothing of time, address or chance.
 */
public class Main {
    interface Body {
        void run(Lab lab) throws Exception;
    }

    record Case(String id, Body body) {}

    static final List<Case> cases = new ArrayList<>();

    /** `title` is read from the sources, for the table. */
    static void add(String id, String title, Body body) {
        cases.add(new Case(id, body));
    }

    public static void main(String[] args) throws Exception {
        // a new group learns of its retry topic, which its first heartbeat creates, by a poll of routes and a rebalance
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        PrintStream out = System.out;
        // what the client itself prints is no result
        System.setOut(System.err);
        try {
            Lab.open(args[0], args[1], args[2]);
        } catch (Exception failure) {
            failure.printStackTrace();
            System.exit(1);
        }
        Sending.cases();
        Timing.cases();
        Transacting.cases();
        Requesting.cases();
        Pushing.cases();
        Retrying.cases();
        Sharing.cases();
        Pulling.cases();
        LitePulling.cases();
        Popping.cases();
        Offsets.cases();
        Querying.cases();
        Crossing.cases();
        // each case waits more than it works; a client of Java has a dozen threads
        ExecutorService pool = Executors.newFixedThreadPool(16);
        for (Case one : cases) {
            if (args.length < 4 || one.id.matches(args[3])) pool.execute(() -> report(out, run(one)));
        }
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.MINUTES);
        System.exit(0);
    }

    static Map<String, Object> run(Case one) {
        Lab lab = new Lab(one.id);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("id", one.id);
        try {
            one.body.run(lab);
            line.put("ok", true);
        } catch (Throwable failure) {
            line.put("ok", false);
            line.put("why", failure.toString());
            failure.printStackTrace();
        } finally {
            lab.close();
        }
        line.put("observed", new TreeMap<>(lab.observed));
        return line;
    }

    static synchronized void report(PrintStream out, Map<String, Object> line) {
        out.println(JSON.toJSONString(line, JSONWriter.Feature.MapSortField, JSONWriter.Feature.WriteNonStringKeyAsString));
        out.flush();
    }

    interface Action {
        void run() throws Exception;
    }

    /** How an action fails, as far as it does not depend on addresses: the class and the code, or `none`. */
    static String failure(Action action) {
        try {
            action.run();
            return "none";
        } catch (MQBrokerException error) {
            return "MQBrokerException " + error.getResponseCode();
        } catch (MQClientException error) {
            return "MQClientException " + error.getResponseCode();
        } catch (Exception error) {
            return error.getClass().getSimpleName();
        }
    }
}
