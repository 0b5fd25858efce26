import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Permission;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Many commands of mqadmin in one process, which takes longer to start than any of them. Each line of input is one command,
 * an array of its arguments as JSON; each line of output is what it printed: {"out", "err"}.
 */
public class MqAdmin {
    private static final long SECONDS = 60;

    @SuppressWarnings("removal")
    public static void main(String[] args) throws Exception {
        PrintStream console = System.out;
        // some commands end the process when they dislike their arguments
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkExit(int status) {
                throw new SecurityException("exit " + status);
            }

            @Override
            public void checkPermission(Permission permission) {
            }
        });
        ExecutorService worker = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            List<String> command = JSON.parseArray(line, String.class);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            Future<?> run = worker.submit(() -> MQAdminStartup.main0(command.toArray(new String[0]), null));
            try {
                run.get(SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException tooLong) {
                run.cancel(true);
                err.write("no end within the time\n".getBytes(StandardCharsets.UTF_8));
            } catch (Exception failed) {
                err.write((failed.getCause() + "\n").getBytes(StandardCharsets.UTF_8));
            }
            JSONObject result = new JSONObject();
            result.put("out", out.toString(StandardCharsets.UTF_8));
            result.put("err", err.toString(StandardCharsets.UTF_8));
            console.println(result.toJSONString());
            console.flush();
        }
        Runtime.getRuntime().halt(0);
    }
}
