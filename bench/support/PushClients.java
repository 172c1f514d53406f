/**
 * Runs the vendors' own clients of JPush and Getui, for bench/push-clients.ts: a command a line on stdin, and a line of
 * JSON for each on stdout, with what the client made of the answer.
 */
import cn.jiguang.common.ClientConfig;
import cn.jiguang.common.resp.APIRequestException;
import cn.jpush.api.JPushClient;
import cn.jpush.api.push.PushResult;
import cn.jpush.api.push.model.Options;
import cn.jpush.api.push.model.Platform;
import cn.jpush.api.push.model.PushPayload;
import cn.jpush.api.push.model.notification.AndroidNotification;
import cn.jpush.api.push.model.notification.IosAlert;
import cn.jpush.api.push.model.notification.IosNotification;
import cn.jpush.api.push.model.notification.Notification;
import com.getui.push.v2.sdk.ApiHelper;
import com.getui.push.v2.sdk.GtApiConfiguration;
import com.getui.push.v2.sdk.api.PushApi;
import com.getui.push.v2.sdk.common.ApiException;
import com.getui.push.v2.sdk.common.ApiResult;
import com.getui.push.v2.sdk.dto.req.Audience;
import com.getui.push.v2.sdk.dto.req.AudienceDTO;
import com.getui.push.v2.sdk.dto.req.message.PushChannel;
import com.getui.push.v2.sdk.dto.req.message.PushDTO;
import com.getui.push.v2.sdk.dto.req.message.PushMessage;
import com.getui.push.v2.sdk.dto.req.message.android.GTNotification;
import com.getui.push.v2.sdk.dto.req.message.ios.Alert;
import com.getui.push.v2.sdk.dto.req.message.ios.Aps;
import com.getui.push.v2.sdk.dto.req.message.ios.IosDTO;
import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

public class PushClients {
  private static JPushClient jpush;
  private static PushApi getui;
  private static String taskid;

  public static void main(String[] args) throws Exception {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ");
      System.out.println(new Gson().toJson(run(words[0], List.of(words).subList(1, words.length))));
    }
    System.exit(0);
  }

  private static Map<String, Object> run(String command, List<String> words) throws Exception {
    try {
      switch (command) {
        case "jpush-open": {
          ClientConfig config = ClientConfig.getInstance();
          config.setPushHostName(words.get(0));
          config.setMaxRetryTimes(0);
          jpush = new JPushClient(words.get(2), words.get(1), null, config);
          return said("isSuccess", true);
        }
        case "jpush-send":
          return jpushSaid(jpush.sendPush(jpushPayload(words)));
        case "jpush-validate":
          return jpushSaid(jpush.sendPushValidate(jpushPayload(words)));
        case "getui-open": {
          GtApiConfiguration configuration = new GtApiConfiguration();
          configuration.setDomain(words.get(0));
          configuration.setAppId(words.get(1));
          configuration.setAppKey(words.get(2));
          configuration.setMasterSecret(words.get(3));
          configuration.setOpenCheckHealthDataSwitch(false);
          configuration.setOpenAnalyseStableDomainSwitch(false);
          getui = ApiHelper.build(configuration).creatApi(PushApi.class);
          return said("isSuccess", true);
        }
        case "getui-single": {
          PushDTO<Audience> push = getuiPush();
          push.setRequestId("c0ffeec0ffeec0ff" + words.get(0));
          push.setAudience(audienceOf(words));
          return getuiSaid(getui.pushToSingleByAlias(push));
        }
        case "getui-list-message": {
          ApiResult<com.getui.push.v2.sdk.dto.res.TaskIdDTO> result = getui.createMsg(getuiPush());
          taskid = result.getData() == null ? null : result.getData().getTaskId();
          return getuiSaid(result);
        }
        case "getui-list":
        case "getui-list-async": {
          AudienceDTO to = new AudienceDTO();
          to.setAudience(audienceOf(words));
          to.setTaskid(taskid);
          to.setAsync(command.equals("getui-list-async"));
          return getuiSaid(getui.pushListByAlias(to));
        }
        default:
          throw new IllegalArgumentException(command);
      }
    } catch (APIRequestException refused) {
      Map<String, Object> all = said("isSuccess", false);
      all.put("status", refused.getStatus());
      all.put("code", refused.getErrorCode());
      all.put("message", refused.getErrorMessage());
      all.put("rateLimitReset", refused.getRateLimitReset());
      return all;
    } catch (ApiException refused) {
      Map<String, Object> all = said("isSuccess", false);
      all.put("code", refused.getCode());
      all.put("exception", String.valueOf(refused.getMessage()));
      return all;
    } catch (RuntimeException refused) {
      // What Getui's throws where it cannot log in, with the credentials in its message.
      Map<String, Object> all = said("isSuccess", false);
      all.put("exception", String.valueOf(refused.getMessage()).split("\\.")[0]);
      return all;
    }
  }

  private static PushPayload jpushPayload(List<String> alias) {
    AndroidNotification android =
        AndroidNotification.newBuilder().setAlert("You have a new message").setTitle("[TEXT]").addExtra("ex", "1").build();
    IosAlert alert = IosAlert.newBuilder().setTitleAndBody("[TEXT]", null, "You have a new message").build();
    IosNotification ios =
        IosNotification.newBuilder().setAlert(alert).incrBadge(1).setSound("ding.caf").setMutableContent(true).build();
    return PushPayload.newBuilder()
        .setPlatform(Platform.all())
        .setAudience(cn.jpush.api.push.model.audience.Audience.alias(alias))
        .setNotification(
            Notification.newBuilder().addPlatformNotification(android).addPlatformNotification(ios).build())
        .setOptions(Options.newBuilder().setApnsProduction(true).setSendno(18).build())
        .build();
  }

  private static Map<String, Object> jpushSaid(PushResult result) {
    Map<String, Object> all = said("isSuccess", result.isResultOK());
    all.put("sendno", result.sendno);
    all.put("hasMessageID", result.msg_id > 0);
    all.put("rateLimitReset", result.getRateLimitReset());
    return all;
  }

  private static <T> PushDTO<T> getuiPush() {
    GTNotification notification = new GTNotification();
    notification.setTitle("[TEXT]");
    notification.setBody("You have a new message");
    notification.setClickType("startapp");
    PushMessage message = new PushMessage();
    message.setNotification(notification);
    Alert alert = new Alert();
    alert.setTitle("[TEXT]");
    alert.setBody("You have a new message");
    Aps aps = new Aps();
    aps.setAlert(alert);
    IosDTO ios = new IosDTO();
    ios.setType("notify");
    ios.setAutoBadge("+1");
    ios.setAps(aps);
    PushChannel channel = new PushChannel();
    channel.setIos(ios);
    PushDTO<T> push = new PushDTO<>();
    push.setPushMessage(message);
    push.setPushChannel(channel);
    return push;
  }

  private static Audience audienceOf(List<String> alias) {
    Audience audience = new Audience();
    audience.setAlias(alias);
    return audience;
  }

  private static Map<String, Object> getuiSaid(ApiResult<?> result) {
    Map<String, Object> all = said("isSuccess", result.isSuccess());
    all.put("code", result.getCode());
    all.put("message", result.getMsg());
    if (result.getData() instanceof Map<?, ?> tasks) {
      all.put("tasks", tasks.size());
      all.put("statuses", tasks.values().stream().flatMap(each -> ((Map<?, ?>) each).values().stream()).toList());
    } else {
      all.put("hasTaskID", taskid != null);
    }
    return all;
  }

  private static Map<String, Object> said(String key, Object value) {
    Map<String, Object> all = new TreeMap<>();
    all.put(key, value);
    return all;
  }
}
